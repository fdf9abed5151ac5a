#pragma once
// What an output implements: it delivers, and says honestly what it delivered. The core batches, retries, queues and
// counts around it.

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "trafficd/sample.hpp"
#include "trafficd/status.hpp"

namespace trafficd {

/// What became of a batch: the first `written` samples are done with, except those named in `rejected` (indices below
/// `written`), which will never work. The rest is kept by the core and offered again after a retry.
struct WriteResult {
  std::size_t written = 0;
  std::vector<std::size_t> rejected;
  std::string reject_reason;
  Status status = Status::ok();

  static WriteResult all(std::span<const Sample> batch) { return {batch.size(), {}, {}, Status::ok()}; }
  static WriteResult failed(Status status, std::size_t written = 0) { return {written, {}, {}, std::move(status)}; }
};

class Output {
 public:
  virtual ~Output() = default;
  virtual Status open() { return Status::ok(); }
  /// May block, with a timeout of its own; nobody else waits. No retry, no buffer, no sleep in here.
  virtual WriteResult write(std::span<const Sample> batch) = 0;
  /// Upkeep when nothing comes; called at most once a minute.
  virtual Status idle() { return Status::ok(); }
  virtual void close() noexcept {}
};

}  // namespace trafficd
