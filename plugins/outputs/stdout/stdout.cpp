// Prints samples to standard output, a line each, in text form or as JSON. A batch is one write; on a pipe it is
// written in whole lines of at most PIPE_BUF bytes, so that lines of two programs do not mix.

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "json.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

struct Config {
  enum class Format { text, json };
  Format format = Format::text;
};

Options<Config> options() {
  return Options<Config>{}.add_choice("format", &Config::format,
                                      {{"text", Config::Format::text}, {"json", Config::Format::json}},
                                      "How a sample is printed: in text form, or as an object of JSON per line.");
}

constexpr int patience_ms = 5'000;

/// How many whole lines stand in the text.
std::size_t lines_in(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// So much of the text as can be written without waiting once the descriptor is ready. A pipe that is ready takes
/// PIPE_BUF bytes, all of them or none; so whole lines go through, and a reader that sleeps cannot hold up a stop.
std::string_view next_piece(std::string_view text, bool pipe) {
  if (!pipe || text.size() <= PIPE_BUF) return text;
  const std::size_t end = text.rfind('\n', PIPE_BUF - 1);
  return text.substr(0, end == std::string_view::npos ? PIPE_BUF : end + 1);
}

class Stdout final : public Output {
 public:
  Stdout(const ConfigNode& node, Host&) : config_(options().parse(node)) {}

  static Declarations declare() { return {.options = options().docs(), .live = true}; }

  Status open() override {
    struct stat status {};
    if (::fstat(STDOUT_FILENO, &status) != 0)
      return Status::fatal("standard output is closed: start with it open, or use another output");
    pipe_ = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
    return Status::ok();
  }

  WriteResult write(std::span<const Sample> batch) override {
    text_.clear();
    for (const Sample& sample : batch) {
      if (config_.format == Config::Format::json)
        append_sample_json(text_, sample);
      else
        append_text(text_, sample);
      text_ += '\n';
    }
    std::string_view rest = text_;
    while (!rest.empty()) {
      if (Status ready = wait_until_ready(); !ready) return failed(std::move(ready), rest);
      const ssize_t wrote = ::write(STDOUT_FILENO, rest.data(), next_piece(rest, pipe_).size());
      if (wrote >= 0)
        rest.remove_prefix(static_cast<std::size_t>(wrote));
      else if (errno != EINTR && errno != EAGAIN)
        return failed(error_status(errno), rest);
    }
    return WriteResult::all(batch);
  }

 private:
  static Status wait_until_ready() {
    pollfd polled{STDOUT_FILENO, POLLOUT, 0};
    const int ready = ::poll(&polled, 1, patience_ms);
    if (ready == 0) return Status::retry("standard output takes nothing: is its reader asleep?");
    return ready < 0 && errno != EINTR ? error_status(errno) : Status::ok();
  }

  static Status error_status(int error) {
    if (error == EPIPE || error == EBADF) return Status::fatal("standard output is closed: nobody reads it any more");
    return Status::retry(concat("cannot write to standard output: ", std::strerror(error)));
  }

  /// What was written counts by whole lines; one that was cut short is offered again.
  WriteResult failed(Status status, std::string_view rest) const {
    return WriteResult::failed(std::move(status),
                               lines_in(std::string_view(text_).substr(0, text_.size() - rest.size())));
  }

  const Config config_;
  bool pipe_ = false;
  std::string text_;  // used again for every batch
};

}  // namespace
}  // namespace trafficd

TRAFFICD_OUTPUT(stdout, trafficd::Stdout, "Prints samples to standard output, as text or JSON.")
