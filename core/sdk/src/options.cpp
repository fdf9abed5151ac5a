// How each type of option is read and printed, and how a block is read by its options.

#include "trafficd/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "in_quotes.hpp"

namespace trafficd {

std::string type_name(const OptionDoc& doc) {
  std::string name;
  switch (doc.type) {
    case OptionDoc::Type::boolean: name = "boolean"; break;
    case OptionDoc::Type::integer: name = "integer"; break;
    case OptionDoc::Type::real: name = "number"; break;
    case OptionDoc::Type::text: name = "text"; break;
    case OptionDoc::Type::duration: name = "duration"; break;
    case OptionDoc::Type::size: name = "size"; break;
    case OptionDoc::Type::network: name = "network"; break;
    case OptionDoc::Type::secret: name = "secret"; break;
    case OptionDoc::Type::tags: name = "tags"; break;
    case OptionDoc::Type::block: name = "block"; break;
  }
  if (!doc.choices.empty()) {
    name = "one of";
    for (const std::string& choice : doc.choices) name += (&choice == &doc.choices.front() ? " " : ", ") + choice;
  }
  return doc.list ? "list of " + name : name;
}

namespace detail {

namespace {

using Type = ConfigNode::Type;

/// Why a node is not a single value; empty when it is one.
std::string not_scalar(const ConfigNode& node, std::string_view wanted) {
  switch (node.type) {
    case Type::scalar: return {};
    case Type::null: return concat("has no value; give ", wanted, " or leave the option out");
    case Type::sequence: return concat("must be ", wanted, ", not a list");
    case Type::map: return concat("must be ", wanted, ", not a map");
  }
  return {};
}

bool is_word(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) {
    return std::ranges::equal(word, text, {}, {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  });
}

/// `010` is 8 to some readers of YAML and 10 to others.
bool looks_octal(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.size() < 2 || text[0] != '0') return false;
  return (text[1] >= '0' && text[1] <= '9') || text[1] == 'o' || text[1] == 'O';
}

template <class Number>
std::string read_number(const ConfigNode& node, Number& value, std::string_view wanted) {
  if (std::string error = not_scalar(node, wanted); !error.empty()) return error;
  const std::string& text = node.text;
  if (looks_octal(text))
    return concat(in_quotes(text), " looks like an octal number; write it without the leading zero");
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
    const bool negative = std::is_unsigned_v<Number> && text.starts_with('-') && text.size() > 1 &&
                          text.find_first_not_of("0123456789", 1) == std::string::npos;
    return negative ? concat("must not be negative, as ", text, " is")
                    : concat("must be ", wanted, ", not ", in_quotes(text));
  }
  if (error == std::errc::result_out_of_range)
    return out_of_range(concat(std::numeric_limits<Number>::lowest()), concat(std::numeric_limits<Number>::max()));
  if constexpr (std::is_floating_point_v<Number>)
    if (!std::isfinite(number)) return concat("must be ", wanted, ", not ", in_quotes(text));
  value = number;
  return {};
}

/// The value of a parser that answers a Result.
template <class V, class Parse>
std::string read_parsed(const ConfigNode& node, V& value, std::string_view wanted, Parse parse) {
  if (std::string error = not_scalar(node, wanted); !error.empty()) return error;
  auto result = parse(node.text);
  if (!result) return result.error();
  value = *std::move(result);
  return {};
}

std::string known_options(const std::vector<std::string>& names) {
  if (names.empty()) return "it has no options";
  std::string out = "known are";
  for (const std::string& name : names) out += (&name == &names.front() ? " " : ", ") + name;
  return out;
}

}  // namespace

std::string OptionCodec<bool>::read(const ConfigNode& node, bool& value) {
  if (std::string error = not_scalar(node, "yes or no"); !error.empty()) return error;
  const bool yes = is_word(node.text, {"yes", "true"});
  if (!yes && !is_word(node.text, {"no", "false"})) return concat("must be yes or no, not ", in_quotes(node.text));
  value = yes;
  return {};
}
std::string OptionCodec<bool>::print(const bool& value) { return value ? "yes" : "no"; }

std::string OptionCodec<int>::read(const ConfigNode& node, int& value) {
  return read_number(node, value, "a whole number");
}
std::string OptionCodec<int>::print(const int& value) { return concat(value); }

std::string OptionCodec<std::int64_t>::read(const ConfigNode& node, std::int64_t& value) {
  return read_number(node, value, "a whole number");
}
std::string OptionCodec<std::int64_t>::print(const std::int64_t& value) { return concat(value); }

std::string OptionCodec<std::uint64_t>::read(const ConfigNode& node, std::uint64_t& value) {
  return read_number(node, value, "a whole number");
}
std::string OptionCodec<std::uint64_t>::print(const std::uint64_t& value) { return concat(value); }

std::string OptionCodec<double>::read(const ConfigNode& node, double& value) {
  return read_number(node, value, "a number");
}
std::string OptionCodec<double>::print(const double& value) { return concat(value); }

std::string OptionCodec<std::string>::read(const ConfigNode& node, std::string& value) {
  if (std::string error = not_scalar(node, "a text"); !error.empty()) return error;
  if (!node.quoted && is_word(node.text, {"yes", "no", "on", "off", "true", "false"}))
    return concat("must be a text, and ", node.text, " is not one to every reader of YAML; write \"", node.text, "\"");
  value = node.text;
  return {};
}

std::string OptionCodec<std::string>::print(const std::string& value) {
  if (value.empty()) return {};
  const bool word = is_word(value, {"yes", "no", "on", "off", "true", "false", "null", "~", "y", "n"});
  const bool first = std::string_view("-?:,[]{}#&*!|>'\"%@`=0123456789.+ ").find(value[0]) != std::string_view::npos;
  const bool inside = value.find_first_of(":#,[]{}\"\\\n\t") != std::string::npos || value.back() == ' ';
  if (!word && !first && !inside) return value;
  std::string out = "\"";
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '"' || c == '\\') out.push_back('\\');
    // A dollar more keeps the reader from looking into the environment.
    if (c == '$' && value.substr(i, 2) == "${") out.push_back('$');
    if (c == '\n' || c == '\t')
      out += c == '\n' ? "\\n" : "\\t";
    else
      out.push_back(c);
  }
  return out + "\"";
}

std::string OptionCodec<Duration>::read(const ConfigNode& node, Duration& value) {
  return read_parsed(node, value, "a duration such as 10s", [](std::string_view t) { return parse_duration(t); });
}
std::string OptionCodec<Duration>::print(const Duration& value) { return format_duration(value); }

std::string OptionCodec<ByteSize>::read(const ConfigNode& node, ByteSize& value) {
  return read_parsed(node, value, "a size such as 64KiB", [](std::string_view t) { return parse_size(t); });
}
std::string OptionCodec<ByteSize>::print(const ByteSize& value) { return format_size(value); }

std::string OptionCodec<Network>::read(const ConfigNode& node, Network& value) {
  return read_parsed(node, value, "an address block such as 192.168.0.0/16",
                     [](std::string_view t) { return parse_network(t); });
}
std::string OptionCodec<Network>::print(const Network& value) {
  return value == Network{} ? std::string{} : OptionCodec<std::string>::print(format_network(value));
}

std::string OptionCodec<Secret>::read(const ConfigNode& node, Secret& value) {
  static const std::vector<std::pair<std::string, Secret::Source>> sources = {
      {"file", Secret::Source::file}, {"env", Secret::Source::environment}, {"credential", Secret::Source::credential}};
  const std::string form = "a secret: { file: PATH }, { env: NAME } or { credential: NAME }";
  if (node.type == Type::scalar) {
    value = node.text.empty() ? Secret{} : Secret(Secret::Source::text, node.text);
    return {};
  }
  if (node.type != Type::map) return not_scalar(node, form);
  if (node.entries.size() != 1) return concat("must be ", form, ", exactly one of them");
  const auto& [key, mark, where] = node.entries.front();
  for (const auto& [word, source] : sources) {
    if (word != key) continue;
    if (where.type != Type::scalar || where.text.empty()) return concat("must be ", form, "; '", key, "' has no value");
    const bool path_like = where.text.find('/') != std::string::npos || where.text.starts_with('.');
    if (source == Secret::Source::credential && path_like)
      return "a credential is given by its name, without a folder; use { file: PATH } for a file";
    if (source == Secret::Source::environment && where.text.find('=') != std::string::npos)
      return "an environment variable is given by its name alone: { env: NAME }";
    value = Secret(source, where.text);
    return {};
  }
  return concat("must be ", form, ", not ", in_quotes(key));
}
std::string OptionCodec<Secret>::print(const Secret& value) { return value.empty() ? "" : "***"; }

std::string OptionCodec<Tags>::read(const ConfigNode& node, Tags& value) {
  if (node.type == Type::null) return not_scalar(node, "a map such as { site: home }");
  if (node.type != Type::map) return "must be a map of tags such as { site: home }";
  Tags tags;
  for (const auto& [key, mark, text] : node.entries) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const bool good = key.size() <= 64 && !key.empty() && letters.find(key[0]) != std::string_view::npos &&
                      key.find_first_not_of(concat(letters, "0123456789")) == std::string::npos;
    if (!good) return concat("the tag ", in_quotes(key), " must be named with letters, digits and '_', 64 at most");
    Tag& tag = tags.emplace_back(Tag{key, {}});
    if (std::string error = OptionCodec<std::string>::read(text, tag.value); !error.empty())
      return concat("the tag '", key, "' ", error);
  }
  std::ranges::sort(tags);
  value = std::move(tags);
  return {};
}

std::string OptionCodec<Tags>::print(const Tags& value) {
  std::string out;
  for (const Tag& tag : value) {
    std::string text = OptionCodec<std::string>::print(tag.value);
    out += concat(out.empty() ? "{ " : ", ", tag.key, ": ", text.empty() ? "\"\"" : text);
  }
  return out.empty() ? out : out + " }";
}

void read_block(const std::vector<OptionItem>& items, const ConfigNode& node, void* target, Problems& problems) {
  // A block with nothing in it is one whose options all have their defaults.
  if (node.type != Type::map && node.type != Type::null) {
    add_problem(problems, node,
                concat("must be a map of options, not ", node.type == Type::scalar ? "a single value" : "a list"));
    return;
  }
  std::vector<std::string> names;
  for (const OptionItem& item : items) names.push_back(item.doc.name);
  std::vector<std::string> known = names;
  known.insert(known.end(), node.also_known.begin(), node.also_known.end());
  for (const ConfigEntry& entry : node.entries) {
    if (std::ranges::find(names, entry.key) != names.end()) continue;
    const std::string near = nearest(entry.key, known);
    const std::string hint = near.empty() ? "; " + known_options(known) : concat(", did you mean '", near, "'?");
    problems.push_back({entry.mark, node.path, concat("unknown option ", in_quotes(entry.key), hint)});
  }
  std::vector<const OptionItem*> sound;
  for (const OptionItem& item : items) {
    const ConfigNode* given = node.find(item.doc.name);
    const std::size_t before = problems.size();
    if (given)
      item.read(*given, target, problems);
    else if (item.doc.required)
      add_problem(problems, node, concat("option '", item.doc.name, "' is missing: ", item.doc.help));
    if (problems.size() == before) sound.push_back(&item);
  }
  for (const OptionItem* item : sound) {
    if (!item->check) continue;
    std::string error = item->check(target);
    if (error.empty()) continue;
    if (const ConfigNode* given = node.find(item->doc.name))
      add_problem(problems, *given, std::move(error));
    else
      add_problem(problems, node, concat("option '", item->doc.name, "': ", error));
  }
}

std::vector<ConfigNode> sequence_items(const ConfigNode& node) {
  return node.type == Type::sequence ? node.items : std::vector<ConfigNode>{node};
}

void add_problem(Problems& problems, const ConfigNode& node, std::string message) {
  if (!node.faulty) problems.push_back({node.mark, node.path, std::move(message)});
}

void check_patterns(const ConfigNode& node, Problems& problems) {
  const auto check = [&](const ConfigNode& pattern) {
    if (pattern.type != Type::scalar) return;  // told when it is read
    if (const std::string fault = glob_fault(pattern.text); !fault.empty())
      add_problem(problems, pattern, concat(in_quotes(pattern.text), " ", fault));
    // Of a tag it fits one that is missing.
    if (pattern.text.empty() && node.type != Type::map) add_problem(problems, pattern, "is empty and fits nothing");
  };
  if (node.type != Type::map)
    for (const ConfigNode& each : sequence_items(node)) check(each);
  for (const ConfigEntry& entry : node.entries) check(entry.value);
}

std::string out_of_range(const std::string& minimum, const std::string& maximum) {
  return concat("must be between ", minimum, " and ", maximum);
}

}  // namespace detail
}  // namespace trafficd
