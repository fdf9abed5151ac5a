#pragma once
// What the program writes: its standard output becomes samples, its standard error lines of our log. Whatever is wrong
// with a line is counted and told, and the stream goes on. One thread.

#include <string>
#include <string_view>

#include "config.hpp"
#include "line_splitter.hpp"
#include "lines/sample_maker.hpp"

namespace trafficd::exec {

class Feed {
 public:
  Feed(const Config& config, Host& host);

  /// Samples that say no time of their own have `now`.
  void take_output(std::string_view bytes, Timestamp now, Batch& out);
  void take_errors(std::string_view bytes);
  /// The program has ended. What it left without a line end counts only when it ended well: else it may be half a line,
  /// and half a number.
  void end(bool well, Timestamp now, Batch& out);

  /// Lines of standard output so far.
  std::uint64_t lines() const { return lines_; }
  /// What is paced: the lines of both streams, and one more for each KiB, for a flood may have no line ends.
  std::uint64_t work() const { return lines_ + error_lines_seen_ + (output_.bytes() + errors_.bytes()) / 1024; }
  /// Those lines that became samples.
  std::uint64_t samples() const { return samples_; }
  /// The last line of standard error, as it may be shown; of this life of the program.
  const std::string& last_words() const { return last_words_; }

 private:
  void take_line(std::string_view line, Timestamp now, Batch& out);
  void refuse(std::string_view line, const std::string& why);
  void count_long();
  void log_error(std::string_view line);

  const Config& config_;
  Host& host_;
  common::SampleMaker maker_;
  LineSplitter output_, errors_;
  std::uint64_t lines_ = 0, samples_ = 0, error_lines_seen_ = 0, told_long_ = 0;
  std::string last_words_;
  Complaint bad_line_, long_line_;
  std::atomic<std::uint64_t>&bad_lines_, &long_lines_, &cut_lines_, &left_out_, &error_lines_, &error_lines_kept_back_;
  SteadyTime minute_{};  // in which lines of standard error are counted
  std::uint64_t said_ = 0, kept_back_ = 0;
};

}  // namespace trafficd::exec
