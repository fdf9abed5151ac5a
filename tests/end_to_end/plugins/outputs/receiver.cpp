// An output whose receiver is a file, and whose manners the test chooses: what it takes is appended to the file.

#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include "trafficd/entry.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

enum class Manner { works, refuses, hangs, slow, dies };

struct Config {
  std::string file;
  Manner manner = Manner::works;
};

Options<Config> options() {
  return Options<Config>{}
      .add("file", &Config::file, "Where to append.")
      .required()
      .add_choice("manner", &Config::manner,
                  {{"works", Manner::works},
                   {"refuses", Manner::refuses},
                   {"hangs", Manner::hangs},
                   {"slow", Manner::slow},
                   {"dies", Manner::dies}},
                  "What it does with a batch; one that dies takes half of it first.");
}

class Receiver final : public Output {
 public:
  Receiver(const ConfigNode& node, Host&) : config_(options().parse(node)) {}
  static Declarations declare() { return {options().docs(), {}, {}}; }

  WriteResult write(std::span<const Sample> batch) override {
    switch (config_.manner) {
      case Manner::works: return take(batch);
      case Manner::refuses: return refuse(0);
      case Manner::hangs:
        for (;;) ::pause();
      case Manner::slow:
        std::this_thread::sleep_for(std::chrono::milliseconds(400));  // slower than samples come
        return take(batch);
      case Manner::dies:
        const std::size_t half = batch.size() / 2;
        return half == 0 || take(batch.first(half)).status ? refuse(half) : refuse(0);
    }
    return refuse(0);
  }

 private:
  WriteResult take(std::span<const Sample> batch) const {
    std::string lines;
    for (const Sample& sample : batch) lines += to_text(sample) + '\n';
    const int fd = ::open(config_.file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const bool whole = fd >= 0 && ::write(fd, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size());
    if (fd >= 0) ::close(fd);
    return whole ? WriteResult::all(batch) : WriteResult::failed(Status::fatal("cannot append to " + config_.file));
  }
  static WriteResult refuse(std::size_t written) {
    return WriteResult::failed(Status::retry("the receiver is gone").not_before(std::chrono::milliseconds(100)),
                               written);
  }

  const Config config_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_OUTPUT(receiver, trafficd::Receiver, "Appends to a file, or does not.")
TRAFFICD_ENTRY(output, receiver)
