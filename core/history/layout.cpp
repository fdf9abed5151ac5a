#include "history/layout.hpp"

#include <algorithm>

#include "trafficd/counter.hpp"

namespace trafficd::history {

namespace {

void store(std::string& bytes, std::size_t place, std::uint64_t total) {
  for (std::size_t i = 0; i < 8; ++i) bytes[place * 8 + i] = static_cast<char>(total >> (8 * i));
}

std::uint64_t fetch(std::string_view bytes, std::size_t place) {
  if (bytes.size() < place * 8 + 8) return Baseline::unseen;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < 8; ++i)
    total |= std::uint64_t{static_cast<unsigned char>(bytes[place * 8 + i])} << (8 * i);
  return total;
}

}  // namespace

Layout make_layout(const MeasurementPtr& measurement, const Shape& shape) {
  Layout layout;
  layout.measurement = measurement;
  layout.shape = &shape;
  std::vector<bool> covered(static_cast<std::size_t>(shape.counters), false);
  for (const FieldSpec& spec : measurement->fields()) {
    int counter = 0;
    const Field* field = nullptr;
    for (const Field& known : shape.fields) {
      if (known.name == spec.name) {
        field = &known;
        break;
      }
      if (known.kind == Kind::counter) ++counter;
    }
    layout.items.push_back({field, spec.kind == Kind::counter ? counter : -1});
    if (spec.kind != Kind::counter) continue;
    layout.counters.push_back(counter);
    covered[static_cast<std::size_t>(counter)] = true;
  }
  layout.complete = std::find(covered.begin(), covered.end(), false) == covered.end();
  return layout;
}

void pack(const Layout& layout, const std::vector<std::uint64_t>& totals, std::string_view known, std::string& bytes) {
  bytes.assign(static_cast<std::size_t>(layout.shape->counters) * 8, '\xff');
  std::copy_n(known.begin(), std::min(known.size(), bytes.size()), bytes.begin());
  for (std::size_t i = 0; i < layout.counters.size() && i < totals.size(); ++i)
    store(bytes, static_cast<std::size_t>(layout.counters[i]), totals[i]);
}

std::vector<std::uint64_t> unpack(const Layout& layout, std::string_view bytes) {
  std::vector<std::uint64_t> totals;
  for (const int counter : layout.counters) totals.push_back(fetch(bytes, static_cast<std::size_t>(counter)));
  return totals;
}

}  // namespace trafficd::history
