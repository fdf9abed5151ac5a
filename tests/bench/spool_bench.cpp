// What a sample costs on its way through the durable queue, beside what SQLite itself can do: plain inserts of the same
// lines, a transaction a batch, WAL, synchronous=NORMAL. And what `mode: always` adds to an output that works, and what
// it means for the time that a tick needs to a healthy output that the one beside it is dead and not healthy too.
//
// Budget: append at least at the rate of the plain inserts, drain at 0.7 of it; `always` at most the cost of one
// insert; `ratio` of the latencies at most 1.5.

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <algorithm>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "core/engine/engine_fixture.hpp"
#include "engine/spool/spool.hpp"
#include "engine/system_clock.hpp"
#include "trafficd/text.hpp"

namespace {

using namespace trafficd;
using namespace trafficd::testing;

constexpr int series_count = 60;
constexpr std::size_t batch_size = 1'020;  // 17 ticks

/// A small house: sixty interfaces with the fields of the `interface` input, every ten seconds.
class House {
 public:
  House() {
    std::vector<FieldSpec> fields;
    for (const char* name :
         {"rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped"})
      fields.push_back({name, Kind::counter, "1", ""});
    fields.push_back({"speed", Kind::gauge, "bit/s", ""});
    fields.push_back({"up", Kind::gauge, "1", ""});
    const MeasurementPtr measurement = make_measurement("interface", "", std::move(fields), {"interface"});
    for (std::uint64_t i = 0; i < series_count; ++i)
      series_.push_back(make_series("net", measurement, {{"interface", concat("port", i)}}, {{"site", "home"}}));
  }

  std::shared_ptr<const Batch> next() {
    auto batch = std::make_shared<Batch>();
    batch->reserve(batch_size);
    while (batch->size() < batch_size) {
      ++tick_;
      for (std::uint64_t i = 0; i < series_count; ++i) {
        const std::uint64_t step = (tick_ * 7919 + i * 104'729) % 1'000'003;
        total_[i] += step * i;
        batch->push_back({series_[i],
                          Timestamp(std::chrono::milliseconds(1'700'000'000'000 + tick_ * 10'000)),
                          0x9e3779b97f4a7c15 * (i + 1),
                          false,
                          false,
                          {total_[i] + 1'000'000'000, total_[i] / 3, total_[i] / 900, total_[i] / 2'000, 0, 0, i, 0,
                           1'000'000'000, 1}});
      }
    }
    return batch;
  }

 private:
  std::vector<SeriesPtr> series_;
  std::uint64_t tick_ = 0;
  std::array<std::uint64_t, series_count> total_{};
};

SpoolSettings settings(SpoolSettings::Mode mode = SpoolSettings::Mode::on_failure) {
  return {mode, ByteSize{1ULL << 30}, Duration::zero()};
}

struct SpoolBench {
  EngineServices engine;
  InstanceMeter meter{"out", "output", ""};
  Spool spool{engine.folder.path() / "spool" / "out", settings(), meter, engine.journal.own(), engine.clock};
  House house;
};

void exec(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db));
}

void count_samples(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_size));
}

void sqlite_inserts(benchmark::State& state) {
  const TempFolder folder;
  House house;
  sqlite3* db = nullptr;
  sqlite3_open((folder.path() / "lines.db").c_str(), &db);
  exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE lines(id INTEGER PRIMARY KEY, line TEXT)");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO lines(line) VALUES(?1)", -1, &insert, nullptr);
  for (auto _ : state) {
    state.PauseTiming();
    const auto batch = house.next();
    state.ResumeTiming();
    exec(db, "BEGIN IMMEDIATE");
    for (const Sample& sample : *batch) {
      const std::string line = to_text(sample);
      sqlite3_bind_text(insert, 1, line.data(), static_cast<int>(line.size()), SQLITE_STATIC);
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    exec(db, "COMMIT");
  }
  count_samples(state);
  sqlite3_finalize(insert);
  sqlite3_close(db);
}

void spool_append(benchmark::State& state) {
  SpoolBench bench;
  std::size_t samples = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const Spool::Item batch = bench.house.next();
    state.ResumeTiming();
    samples += bench.spool.append({&batch, 1}).samples;
  }
  count_samples(state);
  state.counters["bytes_a_sample"] = static_cast<double>(bench.spool.bytes()) / static_cast<double>(samples);
}

void spool_drain(benchmark::State& state) {
  SpoolBench bench;
  std::size_t drained = 0;
  while (state.KeepRunningBatch(100)) {
    state.PauseTiming();
    for (int i = 0; i < 100; ++i) {
      const Spool::Item batch = bench.house.next();
      bench.spool.append({&batch, 1});
    }
    state.ResumeTiming();
    for (auto got = bench.spool.front(1'000); !(*got)->empty(); got = bench.spool.front(1'000)) {
      drained += (*got)->size();
      bench.spool.advance((*got)->size());
    }
  }
  if (drained != static_cast<std::size_t>(state.iterations()) * batch_size) state.SkipWithError("samples are missing");
  count_samples(state);
}

/// The output runner with an output that takes everything at once.
void healthy_output(benchmark::State& state, SpoolSettings::Mode mode) {
  EngineServices engine;
  House house;
  script().write = [](std::span<const Sample> batch) { return WriteResult::all(batch); };
  OutputSettings output = output_settings(batch_size);
  output.spool = settings(mode);
  OutputRunner runner(engine.services, output, script_output(), [] {});
  for (auto _ : state) {
    state.PauseTiming();
    runner.queue().push(house.next());
    state.ResumeTiming();
    if (!runner.step()) state.SkipWithError("a step failed");
  }
  count_samples(state);
}

std::binary_semaphore& arrived() {
  static std::binary_semaphore semaphore(0);
  return semaphore;
}

struct QuietOutput final : Output {
  static Declarations declare() { return {}; }
  QuietOutput(const ConfigNode&, Host&) {}
  WriteResult write(std::span<const Sample> batch) override { return WriteResult::all(batch); }
};

struct HealthyOutput final : Output {
  static Declarations declare() { return {}; }
  HealthyOutput(const ConfigNode&, Host&) {}
  WriteResult write(std::span<const Sample> batch) override {
    arrived().release();
    return WriteResult::all(batch);
  }
};

/// Its thread packs and thins all the time.
struct DeadOutput final : Output {
  static Declarations declare() { return {}; }
  DeadOutput(const ConfigNode&, Host&) {}
  WriteResult write(std::span<const Sample>) override {
    return WriteResult::failed(Status::retry("dead").not_before(std::chrono::milliseconds(1)));
  }
};

/// Takes the processor as the dead one does, and touches nothing of ours.
struct BusyOutput final : Output {
  static Declarations declare() { return {}; }
  BusyOutput(const ConfigNode&, Host&) {}
  WriteResult write(std::span<const Sample> batch) override {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(1'800);
    while (std::chrono::steady_clock::now() < end) {
    }
    return WriteResult::all(batch);
  }
};

double& median_beside_healthy() {
  static double seconds = 0;
  return seconds;
}

/// From the push of a tick, which goes to all outputs, to the write of the healthy one.
enum class Neighbour { quiet, busy, dead };
void latency(benchmark::State& state, Neighbour neighbour) {
  EngineServices engine;
  SystemClock clock;
  const Services services{clock, engine.journal, engine.meters, engine.state, engine.folder.path()};
  static const auto healthy = describe_plugin<HealthyOutput>("healthy", "Bench.");
  static const auto quiet = describe_plugin<QuietOutput>("quiet", "Bench.");
  static const auto busy = describe_plugin<BusyOutput>("busy", "Bench.");
  static const auto dead = describe_plugin<DeadOutput>("dead", "Bench.");
  OutputSettings output = output_settings(batch_size);
  output.spool = {SpoolSettings::Mode::on_failure, ByteSize{1 << 20}, Duration::zero()};
  OutputRunner one(services, output, healthy, [] {});
  output.id = "neighbour";
  OutputRunner other(services, output,
                     neighbour == Neighbour::dead   ? dead
                     : neighbour == Neighbour::busy ? busy
                                                    : quiet,
                     [] {});
  one.start();
  other.start();
  House house;
  std::vector<double> times;
  for (auto _ : state) {
    const auto batch = house.next();
    const auto start = std::chrono::steady_clock::now();
    other.queue().push(batch);
    one.queue().push(batch);
    arrived().acquire();
    times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    state.SetIterationTime(times.back());
    // The dead one is at work while the next tick comes, and has time for it; the processor rests as often in both.
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    } while (other.queue().size() > 5'000);
  }
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  const double median = times[times.size() / 2];
  state.counters["median_us"] = median * 1e6;
  if (neighbour == Neighbour::quiet)
    median_beside_healthy() = median;
  else
    state.counters["ratio"] = median / median_beside_healthy();
  one.request_stop(clock.steady());
  other.request_stop(clock.steady());
  one.join();
  other.join();
}

BENCHMARK(sqlite_inserts)->Unit(benchmark::kMicrosecond)->MinTime(2);
BENCHMARK(spool_append)->Unit(benchmark::kMicrosecond)->MinTime(2);
BENCHMARK(spool_drain)->Unit(benchmark::kMicrosecond)->MinTime(2);
BENCHMARK_CAPTURE(healthy_output, off, SpoolSettings::Mode::off)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(healthy_output, on_failure, SpoolSettings::Mode::on_failure)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(healthy_output, always, SpoolSettings::Mode::always)->Unit(benchmark::kMicrosecond)->MinTime(2);
BENCHMARK_CAPTURE(latency, beside_healthy, Neighbour::quiet)
    ->Unit(benchmark::kMicrosecond)
    ->UseManualTime()
    ->Iterations(1'000);
BENCHMARK_CAPTURE(latency, beside_busy, Neighbour::busy)
    ->Unit(benchmark::kMicrosecond)
    ->UseManualTime()
    ->Iterations(1'000);
BENCHMARK_CAPTURE(latency, beside_dead, Neighbour::dead)
    ->Unit(benchmark::kMicrosecond)
    ->UseManualTime()
    ->Iterations(1'000);

}  // namespace
