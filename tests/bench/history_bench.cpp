// What a sample costs on its way into the history, beside what SQLite itself can do: bare upserts of the same rows in
// the same batches. Budget: at least half the rate of the bare ones.

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "history/writer.hpp"
#include "trafficd/testing/host.hpp"

namespace trafficd {
namespace {

constexpr int batch_size = 5'000, counters = 6;
constexpr std::int64_t begin = 1'700'000'000;

struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "trafficd_history_bench";
  Folder() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

void exec(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db));
}

/// One upsert a sample into a table of running totals, 5,000 in a transaction.
void bare_upserts(benchmark::State& state) {
  const Folder folder;
  sqlite3* db = nullptr;
  sqlite3_open((folder.path / "bare.db").c_str(), &db);
  exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536");
  exec(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, time, a, b, c, d, e, f)");
  sqlite3_stmt* upsert = nullptr;
  sqlite3_prepare_v2(db,
                     "INSERT INTO t VALUES(?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT(id) DO UPDATE SET time=?2,"
                     "a=a+?3,b=b+?4,c=c+?5,d=d+?6,e=e+?7,f=f+?8",
                     -1, &upsert, nullptr);
  std::int64_t round = 0;
  for (auto _ : state) {
    ++round;
    exec(db, "BEGIN IMMEDIATE");
    for (int i = 0; i < batch_size; ++i) {
      sqlite3_bind_int64(upsert, 1, i);
      sqlite3_bind_int64(upsert, 2, begin + round * 10);
      for (int f = 0; f < counters; ++f) sqlite3_bind_int64(upsert, f + 3, 1'000 + i + f);
      sqlite3_step(upsert);
      sqlite3_reset(upsert);
    }
    exec(db, "COMMIT");
  }
  state.SetItemsProcessed(state.iterations() * batch_size);
  sqlite3_finalize(upsert);
  sqlite3_close(db);
}

/// 5,000 samples a batch, of as many series as the argument says; ten seconds between two samples of a series.
void history_writer(benchmark::State& state) {
  const Folder folder;
  std::vector<FieldSpec> fields;
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) fields.push_back({name, Kind::counter, "By", ""});
  const MeasurementPtr measurement = make_measurement("bench", "", std::move(fields), {"n"});
  const int series = static_cast<int>(state.range(0));
  Batch batch;
  for (int i = 0; i < batch_size; ++i) {
    const int which = i % series;
    batch.push_back({i < series ? make_series("bench", measurement, {{"n", std::to_string(which)}})
                                : batch[static_cast<std::size_t>(which)].series,
                     {},
                     static_cast<std::uint64_t>(which) + 1,
                     false,
                     false,
                     std::vector<Value>(counters)});
  }
  testing::RecordingLogger log;
  history::Writer writer({.file = folder.path / "traffic.db"}, log);
  std::int64_t tick = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Timestamp now;
    for (int i = 0; i < batch_size; ++i) {
      Sample& sample = batch[static_cast<std::size_t>(i)];
      tick += i % series == 0;
      now = sample.time = Timestamp{std::chrono::seconds(begin + tick * 10)};
      for (int f = 0; f < counters; ++f)
        sample.values[static_cast<std::size_t>(f)] = static_cast<std::uint64_t>(tick * (1'000 + i % series + f));
    }
    state.ResumeTiming();
    if (writer.append(batch, now).written != batch.size()) throw std::runtime_error("not all was written");
  }
  state.SetItemsProcessed(state.iterations() * batch_size);
}

BENCHMARK(bare_upserts)->Unit(benchmark::kMillisecond)->MinTime(3);
BENCHMARK(history_writer)->Arg(300)->Arg(1'000)->Arg(5'000)->Unit(benchmark::kMillisecond)->MinTime(3);

}  // namespace
}  // namespace trafficd
