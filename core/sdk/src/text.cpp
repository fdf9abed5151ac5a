#include "trafficd/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "characters.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

constexpr std::string_view special = " ,=;/\\";

void append_escaped(std::string& out, std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  while (!text.empty()) {
    const char c = text[0];
    const std::size_t showable = c > ' ' && c < 0x7f ? 1 : detail::showable_length(text);
    if (c == '\n') {
      out += "\\n";
    } else if (showable == 0) {
      const auto byte = static_cast<unsigned char>(c);
      ((out += "\\x") += hex[byte >> 4]) += hex[byte & 15];
    } else {
      if (special.find(c) != std::string_view::npos) out.push_back('\\');
      out += text.substr(0, showable);
    }
    text.remove_prefix(std::max<std::size_t>(showable, 1));
  }
}

template <class Number, class... Base>
void append_number(std::string& out, Number number, Base... base) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, base...).ptr;
  out.append(digits, end);
}

char kind_letter(Kind kind) {
  switch (kind) {
    case Kind::counter: return 'c';
    case Kind::delta: return 'd';
    case Kind::gauge: break;
  }
  return 'g';
}

void append_tags(std::string& out, char before, const Tags& tags) {
  for (const Tag& tag : tags) {
    out.push_back(before);
    append_escaped(out, tag.key);
    out.push_back('=');
    append_escaped(out, tag.value);
  }
}

/// Walks through one line; every read stops at the next unescaped special character.
class Reader {
 public:
  explicit Reader(std::string_view line) : rest_(line) {}

  std::string word() {
    std::string out;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '\\' && rest_.size() > 1) {
        out.push_back(escaped());
        continue;
      }
      if (special.find(c) != std::string_view::npos) break;
      out.push_back(c);
      rest_.remove_prefix(1);
    }
    return out;
  }
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  /// Takes a backslash and what it stands before.
  char escaped() {
    const std::string_view digits = rest_.substr(2, 2);
    unsigned char byte = 0;
    if (rest_[1] == 'x' && digits.size() == 2 &&
        std::from_chars(digits.data(), digits.data() + 2, byte, 16).ptr == digits.data() + 2) {
      rest_.remove_prefix(4);
      return static_cast<char>(byte);
    }
    const char c = rest_[1];
    rest_.remove_prefix(2);
    return c == 'n' ? '\n' : c;
  }

  std::string_view rest_;
};

template <class Number, class... Base>
bool read_number(std::string_view text, Number& number, Base... base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base...);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool read_value(std::string_view text, Value& value) {
  if (text.find_first_of(".eE") != std::string_view::npos) {
    double real = 0;
    const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
    if (!read_number(digits, real) || !std::isfinite(real)) return false;
    value = Value(real);
    return true;
  }
  if (text.starts_with('-')) {
    std::int64_t number = 0;
    if (!read_number(text, number)) return false;
    value = Value(number);
    return true;
  }
  std::uint64_t number = 0;
  if (!read_number(text.starts_with('+') ? text.substr(1) : text, number)) return false;
  value = Value(number);
  return true;
}

struct ParsedField {
  FieldSpec spec;
  Value value;
};

bool read_field(Reader& in, ParsedField& field) {
  field.spec.name = in.word();
  if (field.spec.name.empty() || !in.take('=')) return false;
  const std::string text = in.word();
  if (text.size() < 2) return false;
  switch (text.back()) {
    case 'c': field.spec.kind = Kind::counter; break;
    case 'd': field.spec.kind = Kind::delta; break;
    case 'g': field.spec.kind = Kind::gauge; break;
    default: return false;
  }
  return read_value(std::string_view(text).substr(0, text.size() - 1), field.value);
}

bool read_tags(Reader& in, char before, Tags& tags) {
  while (in.take(before)) {
    Tag tag;
    tag.key = in.word();
    if (tag.key.empty() || !in.take('=') || find_tag(tags, tag.key)) return false;
    tag.value = in.word();
    tags.push_back(std::move(tag));
  }
  return true;
}

bool read_epoch(std::string_view text, Sample& sample) {
  if (text.ends_with('!')) {
    sample.mark_only = true;
    text.remove_suffix(1);
  }
  if (text.ends_with('*')) {
    sample.born = true;
    text.remove_suffix(1);
  }
  if (text == "-") return true;
  return read_number(text, sample.epoch, 16) && sample.epoch != 0;
}

bool read_traits(Reader& in, CounterTraits& traits) {
  while (in.take(' ')) {
    const std::string text = in.word();
    if (text == "w32")
      traits.width = 32;
    else if (!text.starts_with('r') || !read_number(std::string_view(text).substr(1), traits.max_rate))
      return false;
  }
  return true;
}

/// The measurement to use, and the values in its order.
Result<MeasurementPtr> place_fields(const std::string& name, const Tags& identity, std::vector<ParsedField>& fields,
                                    const FindMeasurement& find, std::vector<Value>& values) {
  MeasurementPtr measurement = find ? find(name) : nullptr;
  if (!measurement) {
    std::vector<FieldSpec> specs;
    std::vector<std::string> keys;
    for (const ParsedField& field : fields) specs.push_back(field.spec);
    for (const Tag& tag : identity) keys.push_back(tag.key);
    measurement = make_measurement(name, {}, std::move(specs), std::move(keys));
  }
  values.resize(measurement->fields().size());
  for (const ParsedField& field : fields) {
    const auto index = measurement->field(field.spec.name);
    if (!index || measurement->fields()[*index].kind != field.spec.kind)
      return Error{concat("field '", field.spec.name, "' is not declared for measurement '", name, "' in this kind")};
    if (!values[*index].absent()) return Error{concat("field '", field.spec.name, "' stands twice")};
    values[*index] = field.value;
  }
  return measurement;
}

}  // namespace

void append_value(std::string& out, const Value& value) {
  switch (value.type()) {
    case Value::Type::unsigned_integer: append_number(out, value.as_unsigned()); return;
    case Value::Type::signed_integer: append_number(out, value.as_signed()); return;
    case Value::Type::real: {
      const std::size_t start = out.size();
      append_number(out, value.as_real());
      if (out.find_first_of(".en", start) == std::string::npos) out += ".0";
      return;
    }
    case Value::Type::absent: return;
  }
}

void append_text(std::string& out, const Sample& sample) {
  const Series& series = *sample.series;
  append_escaped(out, series.instance());
  out.push_back('/');
  append_escaped(out, series.measurement().name());
  append_tags(out, ',', series.identity());
  append_tags(out, ';', series.attributes());

  char before = ' ';
  const auto& fields = series.measurement().fields();
  for (std::size_t i = 0; i < fields.size() && i < sample.values.size(); ++i) {
    const Value& value = sample.values[i];
    if (value.absent() || (value.type() == Value::Type::real && !std::isfinite(value.as_real()))) continue;
    out.push_back(before);
    before = ',';
    append_escaped(out, fields[i].name);
    out.push_back('=');
    append_value(out, value);
    out.push_back(kind_letter(fields[i].kind));
  }
  if (before == ' ') out += " -";

  out.push_back(' ');
  append_number(out, sample.time.time_since_epoch().count());
  out.push_back(' ');
  if (sample.epoch == 0)
    out.push_back('-');
  else
    append_number(out, sample.epoch, 16);
  if (sample.born) out.push_back('*');
  if (sample.mark_only) out.push_back('!');
  if (series.traits().width != 64) out += " w32";
  if (series.traits().max_rate != 0) {
    out += " r";
    append_number(out, series.traits().max_rate);
  }
}

std::string to_text(const Sample& sample) {
  std::string out;
  append_text(out, sample);
  return out;
}

std::string to_text(const Batch& batch) {
  std::string out;
  for (const Sample& sample : batch) {
    append_text(out, sample);
    out.push_back('\n');
  }
  return out;
}

Result<Sample> parse_text(std::string_view line, const FindMeasurement& find) {
  Reader in(line);
  Sample sample;
  const std::string instance = in.word();
  if (instance.empty() || !in.take('/')) return Error{"expected 'instance/measurement' at the start of the line"};
  const std::string name = in.word();
  Tags identity, attributes;
  if (name.empty() || !read_tags(in, ',', identity) || !read_tags(in, ';', attributes))
    return Error{"expected tags as ',key=value' and attributes as ';key=value', no key twice"};

  std::vector<ParsedField> fields;
  if (!in.take(' ')) return Error{"expected a blank before the fields"};
  Reader none = in;
  if (none.word() == "-" && !Reader(none).take('=')) {
    in = none;
  } else {
    do {
      if (!read_field(in, fields.emplace_back()))
        return Error{"expected fields as 'name=number' followed by c, d or g"};
    } while (in.take(','));
  }

  std::int64_t nanoseconds = 0;
  if (!in.take(' ') || !read_number(in.word(), nanoseconds)) return Error{"expected the time in nanoseconds"};
  sample.time = Timestamp(Duration(nanoseconds));
  if (!in.take(' ') || !read_epoch(in.word(), sample))
    return Error{"expected the epoch, hexadecimal or '-', then '*' and '!' in this order"};
  CounterTraits traits;
  if (!read_traits(in, traits)) return Error{"expected nothing but 'w32' and 'r<rate>' after the epoch"};
  if (!in.at_end()) return Error{"superfluous text at the end of the line"};

  auto measurement = place_fields(name, identity, fields, find, sample.values);
  if (!measurement) return Error{measurement.error()};
  sample.series = make_series(instance, std::move(*measurement), std::move(identity), std::move(attributes), traits);
  return sample;
}

}  // namespace trafficd
