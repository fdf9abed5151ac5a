#include "lines/line_protocol.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "trafficd/units.hpp"

namespace trafficd::common {

namespace {

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

/// Walks through one line.
class Scanner {
 public:
  explicit Scanner(std::string_view line) : rest_(line) {}

  /// Up to the next of `ends` that has no backslash before it. A backslash before anything but these stays.
  std::string word(std::string_view ends) {
    constexpr std::string_view escapable = ",= \\\"";
    std::string out;
    while (!rest_.empty() && ends.find(rest_[0]) == std::string_view::npos) {
      if (rest_[0] == '\\' && rest_.size() > 1 && escapable.find(rest_[1]) != std::string_view::npos)
        rest_.remove_prefix(1);
      out.push_back(rest_[0]);
      rest_.remove_prefix(1);
    }
    return out;
  }
  /// The text in quotes that begins here; false when it does not end.
  bool skip_text() {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }
  bool next_is(char c) const { return !rest_.empty() && rest_[0] == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_blanks() {
    const std::size_t length = std::min(rest_.find_first_not_of(' '), rest_.size());
    rest_.remove_prefix(length);
    return length > 0;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// An integer of a plain number too, so that a counter loses no digit; what it is in the end its field says.
std::optional<Value> read_plain(std::string_view text) {
  std::uint64_t whole = 0;
  if (read_number(text, whole)) return Value(whole);
  double real = 0;
  return read_number(text.starts_with('+') ? text.substr(1) : text, real) ? std::optional(Value(real)) : std::nullopt;
}

/// False where this is no value at all.
bool read_value(std::string_view text, Reading& reading, std::string name) {
  Reading::Field field{.name = std::move(name), .value = {}};
  const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
  };
  const std::string_view digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
  std::int64_t integer = 0;
  std::uint64_t natural = 0;
  if (is_one_of({"t", "T", "true", "True", "TRUE"})) {
    field.value = Value(1);
  } else if (is_one_of({"f", "F", "false", "False", "FALSE"})) {
    field.value = Value(0);
  } else if (text.ends_with('i') && read_number(digits, integer)) {
    field.value = Value(integer);
  } else if (text.ends_with('u') && read_number(digits, natural)) {
    field.value = Value(natural);
  } else if (const auto plain = read_plain(text)) {
    field.value = *plain;
    field.typeless = true;
  } else {
    return false;
  }
  if (field.value.type() == Value::Type::real && !std::isfinite(field.value.as_real()))
    ++reading.left_out;
  else
    reading.fields.push_back(std::move(field));
  return true;
}

std::string read_tags(Scanner& in, Reading& reading) {
  while (in.take(',')) {
    Tag tag{in.word(",= "), {}};
    if (tag.key.empty() || !in.take('=')) return "expected tags as ',key=value' after the measurement";
    tag.value = in.word(", ");
    if (tag.value.empty()) return concat("the tag '", tag.key, "' has no value; leave it out");
    if (find_tag(reading.tags, tag.key) || (tag.key == "instance" && !reading.instance.empty()))
      return concat("the tag '", tag.key, "' stands twice");
    if (tag.key == "instance")
      reading.instance = std::move(tag.value);
    else
      reading.tags.push_back(std::move(tag));
  }
  return {};
}

std::string read_fields(Scanner& in, Reading& reading) {
  do {
    std::string name = in.word(",= ");
    if (name.empty() || !in.take('=')) return "expected fields as 'name=value' after a blank";
    if (std::ranges::any_of(reading.fields, [&](const Reading::Field& field) { return field.name == name; }))
      return concat("the field '", name, "' stands twice");
    if (in.next_is('"')) {
      if (!in.skip_text()) return concat("the text of field '", name, "' has no closing quote");
      ++reading.left_out;
    } else if (const std::string text = in.word(", "); !read_value(text, reading, name)) {
      return concat("the field '", name, "' is no number, no truth and no text in quotes");
    }
  } while (in.take(','));
  return {};
}

}  // namespace

Result<Reading> parse_line_protocol(std::string_view line) {
  Scanner in(line);
  Reading reading;
  in.take_blanks();
  reading.measurement = in.word(", ");
  if (reading.measurement.empty()) return Error{"expected the name of a measurement at the start of the line"};
  if (std::string fault = read_tags(in, reading); !fault.empty()) return Error{std::move(fault)};
  if (!in.take_blanks()) return Error{"expected a blank and fields after the measurement and its tags"};
  if (std::string fault = read_fields(in, reading); !fault.empty()) return Error{std::move(fault)};
  if (in.take_blanks() && !in.at_end()) {
    std::int64_t nanoseconds = 0;
    if (!read_number(in.word(" "), nanoseconds)) return Error{"expected the time in nanoseconds, or nothing"};
    reading.time = Timestamp(Duration(nanoseconds));
    in.take_blanks();
  }
  if (!in.at_end()) return Error{"superfluous text at the end of the line"};
  return reading;
}

}  // namespace trafficd::common
