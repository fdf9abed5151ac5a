#include "lines/reading.hpp"

#include <cmath>

#include "lines/line_protocol.hpp"
#include "lines/sample_json.hpp"
#include "trafficd/text.hpp"

namespace trafficd::common {

namespace {

Result<Reading> read_text(std::string_view line) {
  const auto sample = parse_text(line);
  if (!sample) return Error{sample.error()};
  const Series& series = *sample->series;
  Reading reading;
  reading.instance = series.instance();
  reading.measurement = series.measurement().name();
  reading.tags = series.identity();
  reading.attributes = series.attributes();
  const auto& fields = series.measurement().fields();
  for (std::size_t i = 0; i < fields.size(); ++i)
    reading.fields.push_back({.name = fields[i].name, .value = sample->values[i], .kind = fields[i].kind});
  reading.time = sample->time;
  reading.epoch = sample->epoch;
  reading.born = sample->born;
  reading.mark_only = sample->mark_only;
  reading.traits = series.traits();
  return reading;
}

}  // namespace

Result<Reading> read_line(LineFormat format, std::string_view line) {
  switch (format) {
    case LineFormat::line_protocol: return parse_line_protocol(line);
    case LineFormat::json: return parse_sample_json(line);
    case LineFormat::text: break;
  }
  return read_text(line);
}

bool is_silent(LineFormat format, std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  return begin == std::string_view::npos || (format != LineFormat::json && line[begin] == '#');
}

}  // namespace trafficd::common
