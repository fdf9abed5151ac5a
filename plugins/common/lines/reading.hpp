#pragma once
// What one line of a foreign program says, before anybody knows which series it belongs to.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trafficd/sample.hpp"
#include "trafficd/status.hpp"

namespace trafficd::common {

struct Reading {
  struct Field {
    std::string name;
    Value value;                 ///< never absent, always finite
    bool typeless = false;       ///< written without a type: a real, unless its field counts
    std::optional<Kind> kind{};  ///< where the line says it
  };
  std::string instance;  ///< of the daemon that the line comes from; empty when it does not say
  std::string measurement;
  Tags tags;                  ///< no key twice
  Tags attributes{};          ///< those that the line itself calls description
  std::vector<Field> fields;  ///< no name twice
  std::size_t left_out = 0;   ///< fields that are texts or no finite number
  std::optional<Timestamp> time;
  std::uint64_t epoch = 0;
  bool born = false, mark_only = false;
  CounterTraits traits{};
};

enum class LineFormat : std::uint8_t { line_protocol, json, text };

/// Reads one line without its line end; the error says what was expected. Hostile input is safe.
Result<Reading> read_line(LineFormat format, std::string_view line);

/// Whether the line says nothing: it is blank, or a comment where the form has them.
bool is_silent(LineFormat format, std::string_view line);

}  // namespace trafficd::common
