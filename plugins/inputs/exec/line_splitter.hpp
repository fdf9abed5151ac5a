#pragma once
// Lines out of a stream of bytes that comes in any pieces. Memory is bounded: a line that is too long is passed over.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace trafficd::exec {

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t longest) : longest_(longest) {}

  /// Calls `take(line)` for each whole line, without its end; the view holds only during the call.
  template <class Take>
  void feed(std::string_view bytes, const Take& take) {
    bytes_ += bytes.size();
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      keep(bytes.substr(0, end));
      if (end == std::string_view::npos) return;
      bytes.remove_prefix(end + 1);
      if (!std::exchange(too_long_, false)) take(std::string_view(begun_));
      begun_.clear();
    }
  }

  /// What stands behind the last line end; forgotten with that, as is a long line that has not ended.
  std::string rest() {
    too_long_ = false;
    return std::exchange(begun_, {});
  }
  /// So many lines were too long so far.
  std::uint64_t passed_over() const { return passed_over_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  void keep(std::string_view part) {
    if (too_long_) return;
    if (begun_.size() + part.size() > longest_) {
      too_long_ = true;
      ++passed_over_;
      begun_.clear();
    } else {
      begun_ += part;
    }
  }

  const std::size_t longest_;
  std::string begun_;
  bool too_long_ = false;
  std::uint64_t passed_over_ = 0, bytes_ = 0;
};

}  // namespace trafficd::exec
