#include "http_head.hpp"

#include <algorithm>
#include <charconv>

namespace trafficd::pcap_input {

namespace {

constexpr std::string_view methods[] = {"GET",   "HEAD",   "POST",     "PUT",       "DELETE", "CONNECT", "OPTIONS",
                                        "TRACE", "PATCH",  "PROPFIND", "PROPPATCH", "MKCOL",  "COPY",    "MOVE",
                                        "LOCK",  "UNLOCK", "REPORT",   "SEARCH",    "PURGE",  "other"};
constexpr std::size_t longest_method = 32;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_letter(c) || is_digit(c) || others.find(c) != std::string_view::npos;
  });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

/// `lower` is in lower case.
bool same_word(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

/// `HTTP/1.1`; of other versions, only the preface looks like HTTP/1.
bool is_version(std::string_view text) { return text.starts_with("HTTP/1.") && text.size() == 8 && is_digit(text[7]); }

/// What stands behind scheme and authority of `http://example.org/a`; nothing when there is neither.
std::optional<std::string_view> path_of_absolute(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return {};
  if (!std::ranges::all_of(target.substr(0, scheme), is_letter)) return {};
  const std::size_t path = target.find_first_of("/?#", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

Section section_of(Method method, std::string_view target) {
  if (method == connect_method || target.empty()) return section_of_path("/");
  return section_of_path(target.front() == '/' ? target : path_of_absolute(target).value_or("/"));
}

}  // namespace

const Method get_method = 0, head_method = 1, connect_method = 5, other_method = std::size(methods) - 1;

Method method_of(std::string_view name) {
  const auto found = std::find(std::begin(methods), std::end(methods) - 1, name);
  return static_cast<Method>(found - std::begin(methods));
}

std::string_view method_text(Method method) { return methods[std::min(method, other_method)]; }

Section section_of_path(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  if (path.empty() || path.front() != '/') path = "/";
  path = path.substr(0, path.find('/', 1));
  static constexpr char digits[] = "0123456789ABCDEF";
  Section section;
  for (const char c : path) {
    const auto byte = static_cast<std::uint8_t>(c);
    const bool plain = byte > 0x20 && byte < 0x7f;
    if (section.length + (plain ? 1U : 3U) > Section::most) break;
    if (plain) {
      section.text[section.length++] = c;
    } else {
      for (const char each : {'%', digits[byte >> 4], digits[byte & 15]}) section.text[section.length++] = each;
    }
  }
  return section;
}

std::optional<RequestLine> read_request_line(std::string_view line, std::string_view end) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos || first > longest_method || !is_token(line.substr(0, first))) return {};
  const std::size_t last = end.rfind(' ');
  if (last == std::string_view::npos || !is_version(end.substr(last + 1))) return {};
  const std::string_view rest = line.substr(first + 1);
  const std::string_view target = rest.substr(0, rest.find(' '));
  if (target.empty()) return {};
  const Method method = method_of(line.substr(0, first));
  return RequestLine{method, section_of(method, target)};
}

std::optional<int> read_status_line(std::string_view line) {
  if (line.size() < 12 || !is_version(line.substr(0, 8)) || line[8] != ' ') return {};
  if (line.size() > 12 && line[12] != ' ') return {};
  int status = 0;
  const auto [end, error] = std::from_chars(&line[9], &line[9] + 3, status);
  if (error != std::errc{} || end != &line[9] + 3 || status < 100) return {};
  return std::min(status, 599);
}

bool begins_request(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, longest_method + 1);
  const std::size_t space = start.find(' ');
  if (space == std::string_view::npos || !is_token(start.substr(0, space)) || bytes.size() < space + 2) return false;
  // In the middle of a body, a word and a blank are nothing special.
  const char next = bytes[space + 1];
  if (method_of(start.substr(0, space)) != other_method) return next == '/' || next == '*' || is_letter(next);
  return next == '/' && std::ranges::all_of(start.substr(0, space), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool begins_response(std::string_view bytes) { return bytes.starts_with("HTTP/1."); }

void Framing::read_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = trimmed(line.substr(0, colon)), value = trimmed(line.substr(colon + 1));
  if (same_word(name, "content-length")) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool good = error == std::errc{} && end == value.data() + value.size() && !value.empty();
    broken = broken || !good || (length && *length != number);
    length = number;
  } else if (same_word(name, "transfer-encoding")) {
    const std::size_t comma = value.rfind(',');
    coded = true;
    chunked = same_word(trimmed(value.substr(comma == std::string_view::npos ? 0 : comma + 1)), "chunked");
  }
}

std::optional<std::uint64_t> read_chunk_size(std::string_view line) {
  line = trimmed(line.substr(0, line.find(';')));
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error != std::errc{} || end != line.data() + line.size() || line.empty()) return {};
  return size;
}

}  // namespace trafficd::pcap_input
