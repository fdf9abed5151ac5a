# bash completion for trafficd. Everything is asked of the program itself, so it knows what the installed version knows.
# zsh reads it too, after: autoload -U +X bashcompinit && bashcompinit

# _trafficd_part <section> <help>: the lines of one section of a help text.
_trafficd_part() {
  sed -n "/^$1:/,/^\$/{//d;p}" <<<"$2"
}

# _trafficd_values <form>: what fits a value as the help shows it: `unit TEXT:{hour,day}`, `--file FILE`.
_trafficd_values() {
  # shellcheck disable=SC2034
  local PREFIX=$2  # which zsh's compgen looks at instead of its argument
  case $1 in
    *:\{*\}*) sed -n 's/.*:{\([^}]*\)}.*/\1/p' <<<"$1" | tr ',' '\n' ;;
    --zone\ *) awk '$1 == "Z" { print $2 } $1 == "L" { print $3 }' /usr/share/zoneinfo/tzdata.zi 2>/dev/null ;;
    *--interface\ *) command ls /sys/class/net ;;
    PLUGIN\ *) "${COMP_WORDS[0]}" describe 2>/dev/null | sed -n '/^options:/q; s/^  \([a-z0-9_]\{1,\}\) .*/\1/p' ;;
    *\ DIR*) compgen -d -- "$2" ;;
    FILE\ * | *\ FILE*) compgen -f -- "$2" ;;
  esac
}

_trafficd() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local typed=() help part takes i candidate candidates="" before=""
  # `--state=DIR`: three words to bash, one to zsh and to a bash that does not break words at `=`.
  if [[ $word == "=" ]]; then
    word=""
  elif [[ $previous == "=" ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $word == --*=* ]]; then
    previous=${word%%=*} before=$previous= word=${word#*=}
  fi
  help=$("${COMP_WORDS[0]}" --help 2>/dev/null) || return
  for ((i = 1; i < COMP_CWORD; ++i)); do
    _trafficd_part Subcommands "$help" | grep -q "^  ${COMP_WORDS[i]//[^a-z]/.} " || continue
    typed+=("${COMP_WORDS[i]}")
    help=$("${COMP_WORDS[0]}" "${typed[@]}" --help 2>/dev/null) || return
  done

  # `-c,--config FILE   Help`, without the help.
  part=$(_trafficd_part Options "$help" | sed -n 's/^  \(-[^ ].*\)$/\1/p' | sed 's/   *.*//')
  takes=$(grep -E "(^|,)${previous//[^a-z-]/.}(,[^ ]*)? (TEXT|UINT|FILE|DIR)" <<<"$part")
  if [ -n "$takes" ]; then
    candidates=$(_trafficd_values "$takes" "$word")
  elif [[ $word == -* ]]; then
    candidates=$(sed 's/ .*//' <<<"$part" | tr ',' '\n')
  else
    candidates=$(_trafficd_part Subcommands "$help" | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p'
      _trafficd_values "$(_trafficd_part Positionals "$help" | sed -n 's/^  \([^ ].*\)$/\1/p' | sed 's/   *.*//')" "$word")
  fi
  # Not `compgen -W`: it expands what it is given, and names of files and interfaces are foreign text.
  COMPREPLY=()
  while IFS= read -r candidate; do
    if [[ -n $candidate && $candidate == "$word"* ]]; then COMPREPLY+=("$before$candidate"); fi
  done <<<"$candidates"
}

complete -o filenames -F _trafficd trafficd
