#include "engine/json_print.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace trafficd {

namespace {

namespace json = boost::json;

void print(std::string& out, const json::value& value, std::size_t depth) {
  const auto line = [&](std::size_t level) { out.append("\n").append(level * 2, ' '); };
  if (const json::object* object = value.if_object(); object && !object->empty()) {
    out += '{';
    for (const auto& [key, inner] : *object) {
      if (out.back() != '{') out += ',';
      line(depth + 1);
      out += json::serialize(key);
      out += ": ";
      print(out, inner, depth + 1);
    }
    line(depth);
    out += '}';
    return;
  }
  const json::array* array = value.if_array();
  if (!array || std::ranges::none_of(*array, [](const json::value& v) { return v.is_structured(); })) {
    out += json::serialize(value);
    return;
  }
  out += '[';
  for (const json::value& inner : *array) {
    if (out.back() != '[') out += ',';
    line(depth + 1);
    print(out, inner, depth + 1);
  }
  line(depth);
  out += ']';
}

}  // namespace

std::string print_json(const json::value& value) {
  std::string out;
  print(out, value, 0);
  return out + "\n";
}

}  // namespace trafficd
