# shellcheck shell=bash disable=SC2154
# Sourced by the scripts beside it, which set $root: the Debian packages of build and tests, and how they are installed.
# Nothing is ever removed: where a package would drive out another, the person at the keyboard decides.
#
# A plugin that needs a library says so in its own plugin.cmake, in a line '# packages: libpcap-dev'.

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# Prints the Debian release as a number. Testing and unstable have none and count as the newest that we know.
debian_release() {
  local id="" number=""
  if [ -r /etc/os-release ]; then
    id=$(. /etc/os-release && echo "${ID:-}")
    number=$(. /etc/os-release && echo "${VERSION_ID:-}")
  fi
  if [ "$id" = debian ] && [ "$number" = 12 ]; then
    echo 12
  else
    echo 13
  fi
}

# packages <set>…: the packages of the sets build, test, fuzz and format, one a line.
packages() {
  local release set
  release=$(debian_release)
  for set in "$@"; do
    case $set in
      build)
        echo g++ cmake ninja-build pkg-config tzdata
        echo libyaml-cpp-dev libsqlitecpp-dev libsqlite3-dev libspdlog-dev libfmt-dev libcli11-dev
        echo libhowardhinnant-date-dev libdeflate-dev
        # Debian 12's own libboost-dev is 1.74, too old for Boost.DLL's standard-library file system.
        if [ "$release" = 12 ]; then echo libboost1.81-dev; else echo libboost-dev; fi
        plugin_packages
        ;;
      test)
        echo catch2 curl python3 python3-jsonschema python3-yaml iproute2 procps strace util-linux libfaketime tshark
        ;;
      fuzz) if [ "$release" = 12 ]; then echo clang-16 libclang-rt-16-dev; else echo clang libclang-rt-dev; fi ;;
      format) if [ "$release" = 12 ]; then echo git clang-format-14; else echo git clang-format; fi ;;
      *) die "no package set is named '$set'" ;;
    esac
  done | tr ' ' '\n' | sort -u
}

plugin_packages() {
  find "$root/plugins" \( -name plugin.cmake -o -path '*/common/*/CMakeLists.txt' \) \
    -exec sed -n 's/^# packages: *//p' {} +
}

missing_packages() {
  local package
  for package in $(packages "$@"); do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

# need_packages <set>…: installs what is missing; touches apt only if something is.
need_packages() {
  local missing as_root=()
  if ! command -v apt-get >/dev/null; then
    echo "no apt-get here, so nothing is installed; these are the names of what is needed on Debian:" >&2
    packages "$@" | tr '\n' ' ' >&2
    echo >&2
    return 0
  fi
  missing=$(missing_packages "$@" | paste -sd ' ')
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
      as_root=(sudo)
    else
      echo "packages are missing, and installing them needs root. As root, run:" >&2
      echo "  apt-get update && apt-get install --no-remove --no-install-recommends $missing" >&2
      echo "and start this script again." >&2
      exit 1
    fi
  fi
  echo "installing: $missing"
  "${as_root[@]}" apt-get update -qq </dev/null || echo "apt-get update failed; trying with the old package lists" >&2
  refuse_conflicts "$missing"
  # shellcheck disable=SC2086
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-remove --no-install-recommends \
    -o Dpkg::Use-Pty=0 $missing </dev/null >/dev/null || die "apt-get could not install: $missing"
}

# Servers that tests start for themselves. They are unpacked and not installed, because an installed one starts by itself
# and listens to everybody. One that is installed already is taken as it is.
unpack_servers() {
  local server folder=$root/build/servers
  export PATH=$PATH:/usr/sbin:$folder/usr/sbin
  command -v apt-get >/dev/null || return 0
  for server in nginx; do
    if command -v "$server" >/dev/null; then continue; fi
    echo "unpacking: $server"
    mkdir -p "$folder/packages"
    download "$server" "$folder/packages" || die "apt-get could not download $server, which tests start: see above"
    dpkg-deb -x "$folder/packages/$server"_*.deb "$folder" || die "$server could not be unpacked: see above"
  done
}

# download <package> <folder>: without package lists, or with old ones, after an update.
download() {
  (cd "$2" && apt-get download -qq "$1" >/dev/null 2>&1) && return 0
  [ "$(id -u)" -ne 0 ] || apt-get update -qq </dev/null
  (cd "$2" && apt-get download -qq "$1" >/dev/null)
}

# A dry run first: what would be removed is told and left alone.
refuse_conflicts() {
  local plan removed
  # shellcheck disable=SC2086
  if plan=$(apt-get install -s --no-install-recommends $1 2>&1 </dev/null); then
    removed=$(sed -n 's/^Remv \([^ ]*\).*/\1/p' <<<"$plan" | paste -sd ' ')
    [ -n "$removed" ] || return 0
    echo "installing $1" >&2
    echo "would remove: $removed" >&2
    echo "Two versions of one library's headers cannot be installed side by side, and nothing is removed for you." >&2
    echo "If you do not need them, say 'apt-get remove $removed' as root and start this script again;" >&2
    echo "otherwise build in a container or a chroot (tests/install/bare-debian shows how one is made)." >&2
  else
    echo "apt-get cannot install: $1" >&2
    tail -n 12 <<<"$plan" >&2
    echo "trafficd is built on Debian 12 and 13; on other releases install these libraries by hand." >&2
  fi
  exit 1
}

# compile <folder> <cmake options and '--' and targets>…: configures and builds, with ccache where it is installed.
compile() {
  local folder=$1 options=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  [ $# -eq 0 ] || shift
  if command -v ccache >/dev/null; then
    options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  # The daemon refuses to load a plugin that others than its owner may write.
  umask 022
  cmake -S "$root" -B "$folder" -G Ninja "${options[@]}" >"$folder/configure.log" 2>&1 || {
    cat "$folder/configure.log" >&2
    die "cmake could not configure the build in $folder: see above"
  }
  sed -n '/^-- plugin/p; /Warning/,/^$/p' "$folder/configure.log"
  cmake --build "$folder" --target "${@:-all}" || die "the build in $folder failed: see above"
}
