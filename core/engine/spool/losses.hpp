#pragma once
// What a spool gives up or finds damaged: counted with the time range, and complained of.

#include <filesystem>

#include "engine/meter.hpp"
#include "engine/spool/block.hpp"
#include "engine/thinning.hpp"

namespace trafficd::spool {

/// One thread.
class Losses {
 public:
  Losses(InstanceMeter& meter, Logger& log, Clock& clock);

  void thinned(const Given& given) { lose("spool_thinned", given); }
  /// Dropped because the spool is full and nothing can be thinned any more.
  void full(const Given& given);
  /// Dropped because they waited for longer than `max_age`.
  void expired(const Given& given);
  /// Bytes of a file that are no block, or a block whose samples cannot be read.
  void damaged(const std::filesystem::path& file, std::uint64_t offset, const Piece& piece);
  /// Lines of a block that are no samples.
  void unreadable(const std::filesystem::path& file, std::uint64_t offset, std::size_t lines, const BlockInfo& block);

 private:
  void lose(const char* reason, const Given& given);

  InstanceMeter& meter_;
  std::atomic<std::uint64_t>& damaged_blocks_;
  Complaint damage_, full_, age_;
};

}  // namespace trafficd::spool
