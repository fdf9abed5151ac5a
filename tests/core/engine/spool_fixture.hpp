#pragma once
// A spool in a folder of its own, small enough to be looked at byte by byte, and an independent holder of totals.

#include <map>
#include <set>

#include "catch.hpp"
#include "engine/spool/spool.hpp"
#include "trafficd/counter.hpp"
#include "trafficd/testing/host.hpp"
#include "trafficd/text.hpp"

namespace trafficd::testing {

inline Timestamp at(std::int64_t second) { return Timestamp(std::chrono::seconds(second)); }

/// What somebody who only sees the samples counts: a tracker for each series.
class Holder {
 public:
  void take(std::span<const Sample> samples) {
    for (const Sample& sample : samples) {
      Account& account = accounts_[to_text(Sample{sample.series, {}, 0, false, false, {}})];
      const Increase increase = account.tracker.step(sample);
      account.totals.resize(increase.amounts.size());
      for (std::size_t i = 0; i < increase.amounts.size(); ++i) account.totals[i] += increase.amounts[i];
    }
  }
  /// By series, as text.
  std::map<std::string, std::vector<std::uint64_t>> totals() const {
    std::map<std::string, std::vector<std::uint64_t>> all;
    for (const auto& [name, account] : accounts_) all[name] = account.totals;
    return all;
  }

 private:
  struct Account {
    CounterTracker tracker;
    std::vector<std::uint64_t> totals;
  };
  std::map<std::string, Account> accounts_;
};

inline std::vector<std::string> lines_of(std::span<const Sample> samples) {
  std::vector<std::string> lines;
  for (const Sample& sample : samples) lines.push_back(to_text(sample));
  return lines;
}

struct SpoolFixture {
  TempFolder folder;
  ManualClock clock;
  RecordingLogger log;
  InstanceMeter meter{"out", "output", ""};
  SpoolSettings settings{SpoolSettings::Mode::on_failure, ByteSize{1 << 20}, Duration::zero()};
  std::filesystem::path path = folder.path() / "spool" / "out";
  std::unique_ptr<Spool> spool = std::make_unique<Spool>(path, settings, meter, log, clock);

  void reopen() { reopen(path); }
  void reopen(std::filesystem::path where) {
    spool.reset();
    path = std::move(where);
    spool = std::make_unique<Spool>(path, settings, meter, log, clock);
  }

  Spool::Appended append(Batch batch) {
    const Spool::Item item = std::make_shared<const Batch>(std::move(batch));
    return spool->append({&item, 1});
  }
  /// The oldest samples, without delivering them.
  Batch front(std::size_t most = 1'000) {
    const auto got = spool->front(most);
    REQUIRE(got);
    return **got;
  }
  /// Delivers everything; the batches hold `most` samples or a block.
  Batch drain(std::size_t most = 1'000) {
    Batch all;
    for (Batch got = front(most); !got.empty(); got = front(most)) {
      spool->advance(got.size());
      all.insert(all.end(), got.begin(), got.end());
    }
    return all;
  }

  std::set<std::filesystem::path> files() const {
    std::set<std::filesystem::path> names;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(path, none)) names.insert(entry.path().filename());
    return names;
  }
  std::uint64_t bytes_on_disk() const {
    std::uint64_t bytes = 0;
    for (const auto& name : files()) bytes += std::filesystem::file_size(path / name);
    return bytes;
  }
  std::uint64_t damaged() { return meter.counter("spool_damaged").load(); }
  SelfReading::Loss lost(const std::string& reason) const {
    for (const SelfReading::Loss& loss : meter.reading().losses)
      if (loss.reason == reason) return loss;
    return {};
  }
};

}  // namespace trafficd::testing
