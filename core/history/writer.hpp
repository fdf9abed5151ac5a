#pragma once
// The writing side of the history: takes samples, keeps increases per bucket, rolls closed buckets up into coarser
// tiers and lets old ones go. One transaction a batch, in which amounts and baselines change together. One thread.

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "history/log_check.hpp"
#include "history/tiers.hpp"
#include "trafficd/host.hpp"
#include "trafficd/output.hpp"

namespace trafficd::history {

struct Settings {
  std::filesystem::path file;
  std::vector<Tier> tiers = default_tiers();
  /// An increase that may have taken longer than this is marked as estimated where it is laid over buckets.
  Duration gap = std::chrono::minutes(5);
  /// How long another program may hold the file before a write is tried again later.
  Duration busy_timeout = std::chrono::seconds(2);
};

/// What became of samples that were neither plainly counted nor rejected.
struct Tally {
  std::uint64_t doubtful = 0;   ///< steps that could not be judged and were set aside, each once
  std::uint64_t forgotten = 0;  ///< of those, how many had to make room
  std::uint64_t damaged = 0;    ///< series whose marks were: what they carried since their last sample is not counted
  std::uint64_t moved = 0;      ///< lives that were carried over to another name
  std::uint64_t lost_pages =
      0;  ///< of the log, by a cut or damage: what they held is missing where no source still has it
};

class Writer {
 public:
  /// `settings.tiers` have passed `check_tiers`.
  Writer(Settings settings, Logger& log);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Opens or makes the file. retry: full, read-only, busy. fatal: the file is not ours or made by a newer version. A
  /// damaged file is set aside under another name, which the log tells, and a fresh one begun; a text, which no damage
  /// makes, is somebody's and refused.
  Status open(Timestamp now);
  /// All or nothing, but for rejected samples. After a failure the same batch may be offered again.
  WriteResult append(std::span<const Sample> batch, Timestamp now);
  /// Roll-up and expiry, where they are due; `append` does so too.
  Status upkeep(Timestamp now);
  /// Leaves one plain file behind that any user may read.
  void close() noexcept;
  const Tally& tally() const { return tally_; }

 private:
  class Session;
  template <class Work>
  Status guarded(Timestamp now, const Work& work);
  void begin_session(Timestamp now);
  Status put_aside(const std::string& reason, Timestamp now);

  Settings settings_;
  Logger& log_;
  std::unique_ptr<Session> session_;
  std::optional<LogCheck> lost_;  ///< to be told when the file is open
  Tally tally_;
};

}  // namespace trafficd::history
