#include "watch.hpp"

#include <algorithm>

#include "own_networks.hpp"

namespace trafficd::pcap_input {

namespace {

using namespace std::chrono_literals;

constexpr Duration retry_pause = 2s, down_pause = 1s, network_pause = 1min;

// The next packets lie behind this one in the ring, and another processor has just written them.
constexpr std::size_t ahead = 512, cache_line = 64;

void on_packet(u_char* observers, const pcap_pkthdr* header, const u_char* bytes) {
  __builtin_prefetch(bytes + ahead);
  __builtin_prefetch(bytes + ahead + cache_line);
  reinterpret_cast<Observers*>(observers)->see(header->ts.tv_sec, header->len, bytes, header->caplen);
}

}  // namespace

Watch::Line::Line(const Config& config, const std::string& its_name, Host& host)
    : name(its_name),
      capture(live_settings(config, its_name)),
      observers(config, host, its_name),
      unseen(host, its_name, config.filter.empty() && config.direction == Direction::both && its_name != "any"),
      trouble(host.log(), host.clock()) {}

Watch::Watch(const Config& config, Host& host) : host_(host) {
  for (const std::string& name : config.interfaces) lines_.push_back(std::make_unique<Line>(config, name, host));
}

Status Watch::open() {
  for (const auto& line : lines_)
    if (Status ready = line->observers.open(); !ready) return ready;
  Status worst = Status::ok();
  bool any = false;
  for (const auto& line : lines_) {
    Status status = open(*line);
    any = any || status.is_ok();
    if (worst.is_ok() || status.code() == Status::Code::fatal) worst = std::move(status);
  }
  if (!any || worst.code() == Status::Code::fatal) {
    close();
    return worst;
  }
  for (const auto& line : lines_)
    if (!line->capture.is_open()) line->trouble.complain(Level::warning, line->why);
  return Status::ok();
}

Status Watch::open(Line& line) {
  // First, so that no byte is both captured and passed before.
  line.unseen.open(line.observers.bytes());
  Status status = line.capture.open();
  if (!status.is_ok()) {
    line.why = status.message();
    line.ask_again = host_.clock().steady() + retry_pause;
    return status;
  }
  if (!line.capture.warning().empty()) host_.log().warning(line.capture.warning());
  line.trouble.resolve(concat("captures ", line.name, " again"));
  line.ask_again = SteadyTime::max();
  const bool speechless = is_loopback(line.name) && line.capture.datalink() == DLT_EN10MB;
  line.observers.set_link(speechless ? packet::Link::unaddressed : *packet::link_of(line.capture.datalink()));
  line.observers.set_own_networks(own_networks(line.name));
  return status;
}

void Watch::close() noexcept {
  for (const auto& line : lines_) {
    line->unseen.close(line->observers.bytes());
    line->capture.close();
  }
}

Status Watch::run(std::stop_token stop, Emitter& emitter) {
  Ticker ticker(host_.clock(), host_.interval());
  SteadyTime deadline = ticker.next();
  while (wait(deadline, stop) != Wake::stop) {
    read_all();
    if (host_.clock().steady() < deadline) continue;
    tell(emitter);
    deadline = ticker.next();
  }
  read_the_rest();
  tell(emitter);
  return Status::ok();
}

Wake Watch::wait(SteadyTime deadline, const std::stop_token& stop) {
  descriptors_.clear();
  for (const auto& line : lines_) {
    // One that is down would wake us all the time.
    descriptors_.push_back(line->ask_again == SteadyTime::max() ? line->capture.descriptor() : -1);
    deadline = std::min(deadline, line->ask_again);
  }
  return host_.clock().wait(descriptors_, deadline, stop);
}

void Watch::read_all() {
  const SteadyTime now = host_.clock().steady();
  for (const auto& line : lines_) {
    if (line->capture.is_open() && (line->ask_again == SteadyTime::max() || now >= line->ask_again))
      read(*line);
    else if (!line->capture.is_open() && now >= line->ask_again && !open(*line))
      line->trouble.complain(Level::warning, line->why);
  }
}

/// A chunk at most, so that a flood on one interface keeps nobody waiting.
void Watch::read(Line& line) {
  using State = LiveCapture::State;
  const State state = line.capture.read(on_packet, reinterpret_cast<u_char*>(&line.observers));
  if (state == State::down || state == State::gone) {
    line.trouble.complain(Level::warning, line.capture.trouble());
    line.ask_again = host_.clock().steady() + (state == State::down ? down_pause : retry_pause);
    if (state == State::gone) line.capture.close();
  } else if (line.ask_again != SteadyTime::max()) {
    line.trouble.resolve(concat(line.name, " is up again"));
    line.ask_again = SteadyTime::max();
  }
}

/// What the kernel holds in a block that it has not handed over yet.
void Watch::read_the_rest() {
  const SteadyTime end = host_.clock().steady() + LiveSettings{}.block_time + 1s;
  const auto holds_more = [](const auto& line) { return line->capture.holds_more(); };
  read_all();
  while (std::ranges::any_of(lines_, holds_more) && host_.clock().steady() < end) {
    wait(end, {});
    read_all();
  }
}

void Watch::tell(Emitter& emitter) {
  const bool look = host_.clock().steady() >= look_at_networks_;
  if (look) look_at_networks_ = host_.clock().steady() + network_pause;
  Batch batch;
  for (const auto& line : lines_) {
    if (look && line->capture.is_open()) line->observers.set_own_networks(own_networks(line->name));
    const LiveCapture::Losses& lost = line->capture.losses();
    line->unseen.look(line->observers.bytes());
    line->observers.tell({.kernel = lost.kernel, .interface = lost.interface, .unseen_bytes = line->unseen.bytes()},
                         host_.clock().now(), batch);
  }
  emitter.emit(batch);
}

}  // namespace trafficd::pcap_input
