#pragma once
// A history in a folder of its own, with the few things that its tests ask for again and again.

#include <map>

#include "catch.hpp"
#include "history/database.hpp"
#include "history/reader.hpp"
#include "history/tiers.hpp"
#include "history/writer.hpp"
#include "trafficd/calendar.hpp"
#include "trafficd/testing/host.hpp"
#include "trafficd/testing/temp_folder.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

/// A quarter of an hour's edge in UTC: 2023-11-14T22:15:00Z.
constexpr std::int64_t base = 1'700'000'100;

inline Timestamp at(double seconds) {
  return Timestamp{std::chrono::seconds{base} + std::chrono::nanoseconds{static_cast<std::int64_t>(seconds * 1e9)}};
}

inline MeasurementPtr interface_measurement() {
  static const MeasurementPtr made = make_measurement("interface", "",
                                                      {{"rx_bytes", Kind::counter, "By", ""},
                                                       {"tx_bytes", Kind::counter, "By", ""},
                                                       {"speed", Kind::gauge, "bit/s", ""}},
                                                      {"interface"});
  return made;
}

inline SeriesPtr interface(const std::string& name, Tags attributes = {}) {
  return make_series("lan", interface_measurement(), {{"interface", name}}, std::move(attributes));
}

struct HistoryFixture {
  testing::TempFolder folder;
  testing::RecordingLogger log;
  Settings settings{.file = folder.path() / "traffic.db", .busy_timeout = std::chrono::milliseconds(1)};
  std::unique_ptr<Writer> writer = std::make_unique<Writer>(settings, log);

  void reopen() {
    writer.reset();
    writer = std::make_unique<Writer>(settings, log);
  }
  /// Ends the service as a kill does: nothing is settled. The old writer is only let go after the test.
  void kill() {
    killed.push_back(std::move(writer));
    writer = std::make_unique<Writer>(settings, log);
  }
  void write(const Batch& batch, Timestamp now) {
    const WriteResult result = writer->append(batch, now);
    INFO(result.status.message() << result.reject_reason);
    REQUIRE(result.status.is_ok());
    REQUIRE(result.written == batch.size());
    REQUIRE(result.rejected.empty());
  }
  void write(const Sample& sample) { write(Batch{sample}, sample.time); }

  Reader reader() const {
    auto opened = Reader::open(settings.file);
    INFO((opened ? std::string{} : opened.error()));
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }
  std::vector<SumRow> sums(const std::vector<Timestamp>& edges, const std::string& measurement = "interface") const {
    auto rows = reader().sums(measurement, edges);
    INFO((rows ? std::string{} : rows.error()));
    REQUIRE(rows.has_value());
    return *rows;
  }
  /// The amount of one counter of one interface between two times.
  std::int64_t amount(const std::string& name, Timestamp from, Timestamp to, std::size_t field = 0) const {
    const Reader now = reader();
    const auto all = now.series("interface");
    REQUIRE(all.has_value());
    std::int64_t sum = 0;
    for (const SeriesInfo& series : *all) {
      if (series.tag("interface") != name) continue;
      const auto rows = now.sums("interface", {from, to}, {series.id});
      REQUIRE(rows.has_value());
      for (const SumRow& row : *rows) sum += row.fields[field].amount;
    }
    return sum;
  }
  std::int64_t value(const std::string& sql) const {
    Database database(settings.file, {.mode = Database::Mode::read_only});
    return database.value(sql);
  }
  std::vector<std::unique_ptr<Writer>> killed;
};

inline Sample sample(const SeriesPtr& series, double time, std::uint64_t epoch, Value rx, Value tx, bool born = false,
                     Value speed = {}) {
  return {series, at(time), epoch, born, false, {rx, tx, speed}};
}

inline const Timestamp always_from{}, always_to{std::chrono::seconds{7'000'000'200}};

}  // namespace trafficd::history
