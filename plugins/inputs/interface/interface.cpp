// The counters of this machine's network interfaces, as the kernel keeps them: read from /sys/class/net at each tick.
// What happens to interfaces between two ticks waits in a netlink socket: the final counters of one that went, those
// at the moment of a rename. So no byte is lost when a modem redials.

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>
#include <utility>

#include "config.hpp"
#include "link.hpp"
#include "link_lives.hpp"
#include "link_socket.hpp"
#include "link_totals.hpp"
#include "primary_link.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::interface {
namespace {

constexpr std::size_t most_kept_open = 32;  // about ten descriptors each, of the usual 1024
constexpr std::size_t most_names_told = 12;

class Interface final : public PollInput {
 public:
  static Declarations declare() { return {options().docs(), {main_measurement(), detail_measurement()}, {}}; }

  Interface(const ConfigNode& node, Host& host)
      : host_(host),
        config_(options().parse(node)),
        own_ignore_(node.find("ignore") != nullptr),
        net_(config_.root + "/sys/class/net"),
        proc_(config_.root + "/proc"),
        primary_(host, proc_) {}

  Status open() override;
  Status collect(Batch& out) override;
  void close() noexcept override;

 private:
  bool wanted(const std::string& name) const;
  bool loopback_wanted(const std::string& name) const;
  bool watched(const LinkMessage& message) const;
  Link* find(int index);

  void take_messages(Batch& out);
  void take(const LinkMessage& message, Batch& out);
  void rename(Link& link, const std::string& name);
  Status scan();
  void scan_one(const std::string& name);
  bool meet(int index, bool watched);
  void drop(Link& link);
  void begin_anew(Link& link, LinkTotals::Step step, LinkCounters& now, Batch& out);
  void prepare_series(Link& link);
  bool read(Link& link, Batch& out);
  void add(Batch& out, int index, const SeriesPtr& series, const SeriesPtr& detail, const LinkCounters& counters,
           Value speed, Value up);
  void add_at_message(Batch& out, const LinkMessage& message, Link* link);
  void tell_unmatched();

  Host& host_;
  Config config_;
  bool own_ignore_;
  std::filesystem::path net_, proc_;
  MeasurementPtr measurement_ = main_measurement(), detail_measurement_ = detail_measurement();

  LinkSocket socket_;
  PrimaryLink primary_;
  LinkLives lives_{host_};
  LinkTotals totals_{host_};
  std::vector<Link> links_;
  std::vector<std::string> unwanted_;  // names of the last scan, for the complaint
  std::set<int> present_;              // indices that the present scan met
  std::size_t unreadable_now_ = 0;     // in this collect
  bool scanned_ = false, scan_due_ = true;
  bool doubt_ = false;     // announcements were lost, or one is still to come
  bool in_doubt_ = false;  // it was so before the present scan
  Timestamp now_;

  Complaint unmatched_{host_.log(), host_.clock()}, unreadable_{host_.log(), host_.clock()},
      overrun_{host_.log(), host_.clock()}, fell_{host_.log(), host_.clock()};
  std::atomic<std::uint64_t>& unreadable_count_ = host_.meter().counter("unreadable_values");
  std::atomic<std::uint64_t>& overrun_count_ = host_.meter().counter("netlink_overruns");
  std::atomic<std::uint64_t>& fell_count_ = host_.meter().counter("counter_resets");
  std::atomic<std::uint64_t>& undecoded_count_ = host_.meter().counter("netlink_undecoded");
};

bool Interface::wanted(const std::string& name) const {
  if (own_ignore_ && glob_match(config_.ignore, name)) return false;
  if (!config_.match.empty()) return glob_match(config_.match, name);
  return !glob_match(config_.ignore, name);
}

bool Interface::loopback_wanted(const std::string& name) const {
  return config_.loopback || std::ranges::find(config_.match, name) != config_.match.end();
}

bool Interface::watched(const LinkMessage& message) const {
  return wanted(message.name) && (!message.loopback || loopback_wanted(message.name));
}

Link* Interface::find(int index) {
  const auto found = std::ranges::find(links_, index, &Link::index);
  return found == links_.end() ? nullptr : &*found;
}

Status Interface::open() {
  if (std::error_code error; !std::filesystem::is_directory(net_, error))
    return Status::retry(concat("cannot read '", net_, "': ", error ? error.message() : "not a folder",
                                "; sysfs must be mounted, or 'root' must name a folder that holds sys/class/net"));
  std::string boot_id = read_line(proc_ / "sys/kernel/random/boot_id");
  if (boot_id.empty())
    host_.log().warning(concat("cannot read '", proc_ / "sys/kernel/random/boot_id",
                               "': restarts of counters are told by their values alone"));
  lives_.open(std::move(boot_id), config_.root.empty() ? namespace_identity() : "");
  totals_.open(lives_.origin(), narrow_kernel(proc_, config_.root.empty()));
  primary_.open(config_.root.empty());
  if (const Status listening = config_.root.empty() ? socket_.open() : Status::ok(); !listening)
    host_.log().warning(concat(listening.message(), "; what an interface carried after its last sample is not seen"));
  scanned_ = doubt_ = false;
  scan_due_ = true;
  return Status::ok();
}

void Interface::close() noexcept {
  socket_.close();
  primary_.close();
  links_.clear();
  lives_.close();
  totals_.close();
}

Status Interface::collect(Batch& out) {
  now_ = host_.clock().now();
  unreadable_now_ = 0;
  const std::size_t before = out.size();
  if (socket_.is_open()) take_messages(out);
  if (scan_due_ || !socket_.is_open())
    if (Status status = scan(); !status) return status;
  primary_.look();
  // A link that went after the messages were taken leaves its last total in the next one.
  if (std::erase_if(links_, [&](Link& link) { return !read(link, out); }) > 0) scan_due_ = true;
  lives_.note_others();
  if (links_.empty() && out.size() == before)
    tell_unmatched();
  else
    unmatched_.resolve("there are interfaces to watch again");
  unreadable_count_ += unreadable_now_;
  if (unreadable_now_ == 0) unreadable_.resolve("all counters can be read again");
  return Status::ok();
}

void Interface::take_messages(Batch& out) {
  const LinkSocket::Drained drained = socket_.drain();
  undecoded_count_ += drained.undecoded;
  if (drained.overruns > 0) {
    overrun_count_ += drained.overruns;
    scan_due_ = doubt_ = true;
    primary_.set_due();
    for (Link& link : links_) link.announced = true;
    overrun_.complain(Level::warning,
                      "the kernel dropped announcements of interface changes: what an interface carried between its "
                      "last sample and its end may be missing; a shorter 'interval' helps");
  }
  for (const LinkMessage& message : drained.messages) take(message, out);
}

void Interface::take(const LinkMessage& message, Batch& out) {
  primary_.set_due();
  Link* link = find(message.index);
  if (link) raise(link->last, totals_.totals_of(link->index, message.counters, link->max_rate(), now_));
  const bool watched = this->watched(message);
  const bool from_zero = message.has_counters && at_zero(link ? link->last : message.counters);
  // Before the first scan nobody knows who was there.
  if (scanned_ && !lives_.known(message.index)) lives_.appear(message.index, watched, from_zero && !message.gone);
  if (message.gone) {
    if (link || watched) add_at_message(out, message, link);
    if (link) drop(*link);
    totals_.end(message.index);
    lives_.end(message.index);
    return;
  }
  lives_.rename(message.index, watched, from_zero);
  if (!link) {
    if (!watched) return;
    scan_due_ = true;
    // What it carried until now, elsewhere or under another name, is not part of this one.
    // Later messages tell what it carried since: it may lose the name again before a scan meets it.
    if (scanned_ && !(from_zero && lives_.born(message.index))) add_at_message(out, message, nullptr);
    return;
  }
  link->announced = true;
  if (link->name == message.name) return;
  add_at_message(out, message, link);  // what it carried until now belongs to the old name
  scan_due_ = true;
  if (watched)
    rename(*link, message.name);
  else
    drop(*link);
}

/// It is gone, or no longer ours.
void Interface::drop(Link& link) {
  totals_.end(link.index);
  links_.erase(links_.begin() + (&link - links_.data()));
}

void Interface::rename(Link& link, const std::string& name) {
  link.name = name;
  link.series = link.detail = nullptr;
}

Status Interface::scan() {
  std::error_code error;
  std::filesystem::directory_iterator entries(net_, error);
  if (error)
    return Status::retry(concat("cannot read '", net_, "': ", error.message(), "; sysfs must be mounted there"));
  for (Link& link : links_) link.seen = false;
  unwanted_.clear();
  present_.clear();
  in_doubt_ = std::exchange(doubt_, false);
  for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    scan_one(entries->path().filename().native());
    if (error) break;
  }
  if (error) return Status::retry(concat("cannot read '", net_, "': ", error.message()));
  // Where nothing is announced it may have another name now, which nobody watches.
  for (const Link& link : links_)
    if (!link.seen && !socket_.is_open()) lives_.rename(link.index, false, false);
  std::erase_if(links_, [](const Link& link) { return !link.seen; });
  std::ranges::sort(links_, {}, &Link::index);
  if (unreadable_now_ == 0 && (!scanned_ || in_doubt_)) lives_.keep_only(present_);
  if (unreadable_now_ == 0 && (!scanned_ || in_doubt_ || !socket_.is_open())) totals_.keep_only(present_);
  scanned_ = true;
  scan_due_ = doubt_;
  return Status::ok();
}

void Interface::scan_one(const std::string& name) {
  const bool candidate = wanted(name);
  if (!candidate && unwanted_.size() < most_names_told) unwanted_.push_back(name);
  if (!candidate && scanned_ && !in_doubt_) return;
  LinkFolder folder;
  if (!folder.open(net_ / name)) return;  // gone again, or a plain file such as bonding_masters
  const int index = folder.index();
  if (index == 0) {
    ++unreadable_now_;
    unreadable_.complain(Level::warning, concat("cannot read '", net_ / name / "ifindex", "': left out"));
    return;
  }
  present_.insert(index);
  const bool ours = candidate && (!folder.loopback() || loopback_wanted(name));
  if (!meet(index, ours) || !candidate) return;
  if (!ours) {
    if (unwanted_.size() < most_names_told)
      unwanted_.push_back(candidate ? name + " (loopback: name it without a wildcard)" : name);
    return;
  }
  if (Link* link = find(index)) {
    if (link->name != name && !link->seen) rename(*link, name);
    link->seen = true;
    return;
  }
  const bool keep = config_.root.empty() && links_.size() < most_kept_open;
  links_.push_back({.index = index, .name = name, .keep_open = keep});
  if (keep) links_.back().folder = std::move(folder);
}

/// False when the kernel's word on it is still to come.
bool Interface::meet(int index, bool watched) {
  if (lives_.known(index))
    lives_.rename(index, watched, false);
  else if (!scanned_)
    lives_.meet(index, watched, totals_.remembers(index));
  else if (!socket_.is_open() || in_doubt_)
    lives_.appear(index, watched, !socket_.is_open());
  else
    doubt_ = true;
  return lives_.known(index);
}

void Interface::prepare_series(Link& link) {
  const bool primary = link.name == primary_.name();
  std::optional<std::uint64_t> speed = link.speed;
  if (link.announced || !socket_.is_open()) {
    speed = link.folder.speed();
    link.up = link.folder.up();
    link.announced = false;
  }
  if (link.series && primary == link.primary && speed == link.speed) return;
  link.primary = primary;
  link.speed = speed;
  Tags attributes;
  if (primary) attributes.push_back({"primary", "yes"});
  const CounterTraits traits{.width = 64, .max_rate = link.max_rate()};
  link.series = host_.series(measurement_, {{"interface", link.name}}, attributes, traits);
  if (config_.all_counters)
    link.detail = host_.series(detail_measurement_, {{"interface", link.name}}, attributes, traits);
}

/// False when the interface is gone.
bool Interface::read(Link& link, Batch& out) {
  if (!link.folder.is_open() && (!link.folder.open(net_ / link.name) || link.folder.index() != link.index)) {
    link.folder.close();
    return false;
  }
  LinkReading reading = link.folder.read(config_.all_counters ? link_counter_count : main_counter_count);
  if (!reading.gone) prepare_series(link);
  if (!link.keep_open) link.folder.close();
  if (reading.gone) return false;
  if (reading.unreadable > 0) {
    unreadable_now_ += reading.unreadable;
    unreadable_.complain(Level::warning, concat("interface '", link.name, "': ", reading.unreadable,
                                                " of its counters in '", net_, "' cannot be read as numbers"));
  }
  const LinkTotals::Step step = totals_.follow(link.index, reading.counters, link.max_rate(), now_);
  if (step.fall != Fall::none) begin_anew(link, step, reading.counters, out);
  raise(link.last, reading.counters);
  add(out, link.index, link.series, link.detail, reading.counters, link.speed ? Value(*link.speed) : Value(), link.up);
  return true;
}

/// The driver zeroed its counters, or they are too small for what they count.
void Interface::begin_anew(Link& link, LinkTotals::Step step, LinkCounters& now, Batch& out) {
  // A life that began before this start may have been counted already, and its name forgotten by a kill.
  const bool from_zero = step.fall == Fall::all && !step.unwatched;
  if (step.fall == Fall::some && !step.unwatched) {  // the others had grown meanwhile
    raise(link.last, now);
    add(out, link.index, link.series, link.detail, link.last, Value(), Value());
  }
  lives_.restart(link.index, from_zero);
  totals_.restart(link.index, now, now_);
  link.last = {};
  ++fell_count_;
  fell_.complain(Level::warning,
                 concat("interface '", link.name, "': its counters fell: counted anew from ",
                        from_zero ? "zero" : "here", "; what it carried since the last sample may be missing"));
}

void Interface::add(Batch& out, int index, const SeriesPtr& series, const SeriesPtr& detail,
                    const LinkCounters& counters, Value speed, Value up) {
  Sample sample{series, now_, lives_.epoch(index), lives_.born(index), lives_.mark_due(index), {}};
  lives_.marked(index);
  sample.values.reserve(main_counter_count + 2);
  sample.values.assign(counters.begin(), counters.begin() + main_counter_count);
  sample.values.push_back(speed);
  sample.values.push_back(up);
  if (detail)
    out.push_back({detail,
                   now_,
                   sample.epoch,
                   sample.born,
                   sample.mark_only,
                   {counters.begin() + main_counter_count, counters.end()}});
  out.push_back(std::move(sample));
}

void Interface::add_at_message(Batch& out, const LinkMessage& message, Link* link) {
  if (!message.has_counters) {
    ++undecoded_count_;
    return;
  }
  SeriesPtr series = link ? link->series : nullptr, detail = link ? link->detail : nullptr;
  const Tags identity{{"interface", link ? link->name : message.name}};
  if (!series) series = host_.series(measurement_, identity);
  if (!detail && config_.all_counters) detail = host_.series(detail_measurement_, identity);
  add(out, message.index, series, detail,
      link ? link->last : totals_.totals_of(message.index, message.counters, 0, now_), Value(),
      message.gone ? Value(0) : Value());
}

void Interface::tell_unmatched() {
  std::string there;
  for (const std::string& name : unwanted_) there += (there.empty() ? "" : ", ") + name;
  unmatched_.complain(Level::warning,
                      concat("no interface to watch: ", config_.match.empty() ? "" : "none fits 'match'; ",
                             there.empty() ? "there is none" : concat("left out: ", there),
                             there.empty() ? "" : "; name one in 'match', or give an 'ignore' list of your own"));
}

}  // namespace
}  // namespace trafficd::interface

TRAFFICD_INPUT(interface, trafficd::interface::Interface, "Counters of this machine's network interfaces.")
