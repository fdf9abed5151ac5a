// A small house whose receiver is dead for a long time: what comes afterwards is in order, fine enough, and exact.

#include <cstdio>

#include "engine_fixture.hpp"
#include "spool_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t lives_of_the_house = 60;
constexpr Duration tick = 10s;

/// Sixty interfaces, with the fields that the `interface` input has. After a third of the time the machine is
/// restarted; one link is there only for an hour.
class House {
 public:
  explicit House(Timestamp start, Duration span) : start_(start), span_(span) {
    std::vector<FieldSpec> fields;
    for (const char* name :
         {"rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped"})
      fields.push_back({name, Kind::counter, "1", ""});
    for (const char* name : {"speed", "up"}) fields.push_back({name, Kind::gauge, "1", ""});
    measurement_ = make_measurement("interface", "", std::move(fields), {"interface"});
    for (std::size_t i = 0; i < lives_of_the_house; ++i) {
      series_.push_back(make_series("net", measurement_, {{"interface", concat("port", i)}}));
      total_.push_back(1'000'000'000 * (i + 1));
    }
    short_lived_ = make_series("net", measurement_, {{"interface", "ppp7"}});
  }

  Batch collect(Timestamp now) {
    if (!restarted_ && now - start_ > span_ / 3) {
      restarted_ = true;
      for (std::size_t i = 0; i < lives_of_the_house; ++i) {
        moved_[i] += total_[i] - first_[i];
        total_[i] = first_[i] = 0;
      }
    }
    Batch batch;
    for (std::size_t i = 0; i < lives_of_the_house; ++i) {
      if (now > start_) total_[i] += random() % (10'000 * (i + 1));
      if (now == start_) first_[i] = total_[i];
      batch.push_back(sample(series_[i], now, restarted_ ? 2'000 + i : 1'000 + i, false, total_[i]));
    }
    if (now - start_ < span_ / 2 || now - start_ > span_ / 2 + 1h) return batch;
    short_total_ += 4'242;
    batch.push_back(sample(short_lived_, now, 5'000, true, short_total_));
    return batch;
  }

  /// What a holder must have counted for the series, in the first field.
  std::uint64_t moved(const std::string& name) const {
    if (name == "ppp7") return short_total_;
    const std::size_t i = std::stoul(name.substr(4));
    return moved_[i] + total_[i] - first_[i];
  }

 private:
  std::uint64_t random() { return seed_ = seed_ * 6364136223846793005ULL + 1442695040888963407ULL, seed_ >> 33; }
  static Sample sample(const SeriesPtr& series, Timestamp now, std::uint64_t epoch, bool born, std::uint64_t total) {
    return {series, now,   epoch,
            born,   false, {total, total / 3, total / 900, total / 2'000, 0, 0, total >> 30, 0, 1e9, 1}};
  }

  const Timestamp start_;
  const Duration span_;
  MeasurementPtr measurement_;
  std::vector<SeriesPtr> series_;
  SeriesPtr short_lived_;
  std::vector<std::uint64_t> total_;
  std::array<std::uint64_t, lives_of_the_house> first_{}, moved_{};
  std::uint64_t short_total_ = 0, seed_ = 42;
  bool restarted_ = false;
};

struct Outage {
  EngineServices engine;
  OutputSettings settings = output_settings();
  Timestamp start = engine.clock.now();
  std::uint64_t pushed = 0, most_bytes = 0;

  explicit Outage(std::uint64_t max_size) {
    settings.spool = {SpoolSettings::Mode::on_failure, ByteSize{max_size}, Duration::zero()};
  }

  std::uint64_t bytes_on_disk() const {
    std::uint64_t bytes = 0;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(engine.folder.path() / "spool" / "out", none))
      bytes += entry.file_size();
    return bytes;
  }

  void run_dead(OutputRunner& runner, House& house, Duration span) {
    script().write = [](std::span<const Sample>) { return WriteResult::failed(Status::retry("dead")); };
    for (Duration t{}; t <= span; t += tick) {
      auto batch = std::make_shared<Batch>(house.collect(start + t));
      pushed += batch->size();
      runner.queue().push(std::move(batch));
      engine.clock.advance(tick);
      if (t % (tick * 6) != Duration::zero()) continue;
      REQUIRE_FALSE(runner.step().is_ok());
      most_bytes = std::max(most_bytes, bytes_on_disk());
    }
  }

  Batch recover(OutputRunner& runner) {
    Batch all;
    script().write = [&](std::span<const Sample> batch) {
      CHECK(batch.size() <= settings.batch_size);
      all.insert(all.end(), batch.begin(), batch.end());
      return WriteResult::all(batch);
    };
    do {
      REQUIRE(runner.step().is_ok());
    } while (runner.queue().size() > 0);
    REQUIRE(runner.step().is_ok());
    return all;
  }
};

/// Answers the longest time that any series of the house had no sample in.
Duration expect_all_there(const Outage& outage, const House& house, const Batch& got, Duration span) {
  Holder holder;
  holder.take(got);
  std::size_t count = 0;
  for (const auto& [line, totals] : holder.totals()) {
    const auto sample = parse_text(line.substr(0, line.find(' ')) + " - 0 -");
    REQUIRE(sample);
    const std::string name(*sample->series->tag("interface"));
    INFO(name);
    CHECK(totals[0] == house.moved(name));
    ++count;
  }
  CHECK(count == lives_of_the_house + 1);

  std::map<std::string, Timestamp> newest;
  Duration longest{};
  Timestamp before = outage.start;
  for (const Sample& sample : got) {
    REQUIRE(sample.time >= before);
    before = sample.time;
    const std::string name(*sample.series->tag("interface"));
    if (name == "ppp7") continue;
    Timestamp& last = newest.try_emplace(name, outage.start).first->second;
    longest = std::max(longest, sample.time - last);
    last = sample.time;
  }
  for (const auto& [name, last] : newest) CHECK(last == outage.start + span);
  return longest;
}

void survive(Duration span, std::uint64_t max_size, Duration finest) {
  Outage outage(max_size);
  House house(outage.start, span);
  OutputRunner runner(outage.engine.services, outage.settings, script_output(), [] {});
  outage.run_dead(runner, house, span);
  CHECK(outage.most_bytes <= max_size);
  CHECK(outage.most_bytes > max_size / 2);
  if (const char* c = std::getenv("KEEP")) std::filesystem::copy(outage.engine.folder.path() / "spool/out", c);
  const Batch got = outage.recover(runner);
  CHECK(outage.bytes_on_disk() == 0);
  const Duration longest = expect_all_there(outage, house, got, span);
  CHECK(longest <= finest);
  const SelfReading reading = reading_of(outage.engine.meters, "out");
  CHECK(got.size() + reading.dropped == outage.pushed);
  for (const SelfReading::Loss& loss : reading.losses) CHECK(loss.reason == "spool_thinned");
  std::printf("outage of %s: %zu of %llu samples are left, at most %s apart\n", format_duration(span).c_str(),
              got.size(), static_cast<unsigned long long>(outage.pushed), format_duration(longest).c_str());
}

}  // namespace

TEST_CASE("three hours without the receiver, in a spool of one megabyte") { survive(3h, 1 << 20, 15min); }

TEST_CASE("thirty days without the receiver, in a spool of sixteen megabytes", "[.long]") {
  survive(30 * 24h, 16 << 20, 15min);
}
