#pragma once
// How far a reading is, on a terminal's last line, which is free again afterwards.

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "history/table_style.hpp"

namespace trafficd::replay {

/// `  45 %  ████████░░░░  1.20 GB of 2.67 GB`, in less than `style.width` columns; the bytes alone where `total`
/// is 0: not known.
std::string progress_text(std::uint64_t read, std::uint64_t total, const history::TableStyle& style);

/// Standard error, shared by the line and by messages. Any thread.
class Progress {
 public:
  /// Draws nothing unless `wanted`.
  Progress(bool wanted, const history::TableStyle& style) : wanted_(wanted), style_(style) {}
  ~Progress() { end(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool wanted() const { return wanted_; }
  void draw(std::uint64_t read, std::uint64_t total);
  /// A line of its own, before the one that is drawn next.
  void say(std::string_view message);
  /// Erases the line; nothing is drawn any more.
  void end();

 private:
  void erase();

  const bool wanted_;
  const history::TableStyle style_;
  std::mutex mutex_;  // guards the line and what follows
  bool drawn_ = false, ended_ = false;
};

}  // namespace trafficd::replay
