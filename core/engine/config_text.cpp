#include "engine/config_text.hpp"

#include <algorithm>
#include <cstdlib>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

bool is_name(std::string_view text) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text)
    if (!good(c)) return false;
  return true;
}

/// What stands for one reference, `inner` being the text between its braces.
std::string value_of(std::string_view inner, const Environment& environment, std::string& error) {
  const std::size_t colon = inner.find(":-");
  const std::string name(inner.substr(0, colon));
  if (!is_name(name)) {
    error = "'${' must be followed by the name of an environment variable and '}'; write '$${' for a plain '${'";
    return {};
  }
  const auto value = environment(name);
  if (value && first_bad_byte(*value) != std::string_view::npos) {
    error = concat("the environment variable ", name, " holds bytes that are not text");
    return {};
  }
  if (colon != std::string_view::npos && (!value || value->empty())) return std::string(inner.substr(colon + 2));
  if (!value) error = concat("the environment variable ", name, " is not set; set it, or write ${", name, ":-default}");
  return value.value_or("");
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

Expansion expand_environment(std::string& text, const Environment& environment, std::size_t limit) {
  Expansion done;
  std::string out;
  std::string_view rest = text;
  for (std::size_t at; (at = rest.find("${")) != std::string_view::npos;) {
    done.any = true;
    if (at > 0 && rest[at - 1] == '$') {
      out += rest.substr(0, at - 1);
      out += "${";
      rest.remove_prefix(at + 2);
      continue;
    }
    out += rest.substr(0, at);
    rest.remove_prefix(at + 2);
    const std::size_t close = rest.find('}');
    out +=
        value_of(close == std::string_view::npos ? std::string_view{} : rest.substr(0, close), environment, done.error);
    if (done.error.empty() && out.size() > limit) done.error = "is too long with the environment's values in it";
    if (!done.error.empty()) return done;
    rest.remove_prefix(close + 1);
  }
  if (done.any) text = out.append(rest);
  return done;
}

std::size_t first_bad_byte(std::string_view text) {
  for (std::size_t i = 0, length = 0; i < text.size(); i += length) {
    const char c = text[i];
    length = utf8_length(text.substr(i));
    const bool control = c == 0x7f || (c >= 0 && c < 0x20 && c != '\t' && c != '\n' && c != '\r');
    if (length == 0 || control) return i;
  }
  return std::string_view::npos;
}

bool unclosed_quote(std::string_view text, std::size_t offset) {
  std::string_view rest = text.substr(std::min(offset, text.size()));
  while (rest.starts_with('&') || rest.starts_with('!')) {
    rest.remove_prefix(std::min(rest.find_first_of(" \t\n"), rest.size()));
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
  }
  if (!rest.starts_with('"') && !rest.starts_with('\'')) return false;
  const char quote = rest[0];
  for (std::size_t i = 1; i < rest.size(); ++i) {
    const bool escaped = quote == '"' ? rest[i] == '\\' : rest.substr(i, 2) == "''";
    if (escaped)
      ++i;
    else if (rest[i] == quote)
      return false;
  }
  return true;
}

std::vector<std::size_t> line_starts(std::string_view text) {
  // The byte order mark is no character of the first line.
  std::vector<std::size_t> starts{text.starts_with("\xef\xbb\xbf") ? 3U : 0U};
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') starts.push_back(i + 1);
  return starts;
}

std::size_t offset_of(const std::vector<std::size_t>& line_starts, int line, int column) {
  if (line < 0 || column < 0 || static_cast<std::size_t>(line) >= line_starts.size()) return std::string_view::npos;
  return line_starts[static_cast<std::size_t>(line)] + static_cast<std::size_t>(column);
}

Mark place_of(std::string_view text, std::size_t offset, const std::string& file) {
  Mark mark{file, 1, 1};
  for (const char c : text.substr(0, offset)) {
    ++mark.column;
    if (c != '\n') continue;
    ++mark.line;
    mark.column = 1;
  }
  return mark;
}

int tab_line(std::string_view text, int line) {
  constexpr int reach = 2;
  int found = 0;
  for (int number = 1; number <= line && !text.empty(); ++number) {
    const std::size_t content = text.find_first_not_of(" \t");
    const std::string_view indent = text.substr(0, content);
    const bool blank = content == std::string_view::npos || text[content] == '\n' || text[content] == '#';
    if (!blank && number > line - reach && indent.find('\t') != std::string_view::npos) found = number;
    const std::size_t end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return found;
}

}  // namespace trafficd
