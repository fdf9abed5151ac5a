// The counters of this machine's network interfaces, as the kernel keeps them: read from /sys/class/net at each tick.
// What happens to interfaces between two ticks waits in a netlink socket: the final counters of one that went, those
// at the moment of a rename. So no byte is lost when a modem redials.

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>

#include "default_route.hpp"
#include "link_folder.hpp"
#include "link_socket.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::interface {
namespace {

using namespace std::chrono_literals;

struct Config {
  std::vector<std::string> match;
  std::vector<std::string> ignore{"veth*",    "docker*", "br-*",    "virbr*",   "tap*",    "vnet*",  "lxc*", "cali*",
                                  "flannel*", "cni*",    "podman*", "ifb*",     "dummy*",  "tunl0",  "sit0", "gre0",
                                  "gretap0",  "erspan0", "ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0"};
  bool loopback = false;
  bool all_counters = false;
  std::string root;
};

Options<Config> options() {
  return Options<Config>{}
      .add("match", &Config::match,
           "Globs of interface names: exactly these are watched. Not given: every interface that is not ignored.")
      .add("ignore", &Config::ignore,
           "Globs of interface names that are left out. The default list only counts when `match` is not given; a list "
           "of your own replaces it and wins over `match`.")
      .add("loopback", &Config::loopback, "Watch the loopback interface too; one that `match` names is always watched.")
      .add_choice("counters", &Config::all_counters, {{"basic", false}, {"all", true}},
                  "`all` adds the kernel's other counters, as the measurement `interface_detail`.")
      .add("root", &Config::root,
           "A folder with a sys and a proc of its own, to be read in place of this machine's. For tests.");
}

std::vector<FieldSpec> counter_specs(std::size_t from, std::size_t to) {
  std::vector<FieldSpec> fields;
  for (std::size_t i = from; i < to; ++i)
    fields.push_back({link_counters[i].name, Kind::counter, link_counters[i].unit, link_counters[i].help});
  return fields;
}

MeasurementPtr main_measurement() {
  auto fields = counter_specs(0, main_counter_count);
  fields.push_back({"speed", Kind::gauge, "bit/s", "Speed of the link, where the device knows it."});
  fields.push_back({"up", Kind::gauge, "1", "1 when the interface is up, else 0."});
  return make_measurement("interface", "Traffic of one network interface.", std::move(fields), {"interface"});
}

MeasurementPtr detail_measurement() {
  return make_measurement("interface_detail", "The kernel's other counters of one network interface.",
                          counter_specs(main_counter_count, link_counter_count), {"interface"});
}

/// One interface that is watched.
struct Link {
  int index = 0;
  std::string name;
  bool keep_open = false;
  LinkFolder folder{};
  bool seen = true;       // in the present scan
  bool speed_due = true;  // the device announced a change
  std::optional<std::uint64_t> speed{};
  bool primary = false;
  SeriesPtr series{}, detail{};  // empty: to be asked for
  LinkCounters last{};           // the highest that were seen
};

/// A counter of one life only grows; some drivers (veth) forget what they received before they announce the end.
void raise(LinkCounters& last, const LinkCounters& now) {
  for (std::size_t i = 0; i < last.size(); ++i)
    if (!now[i].absent() && (last[i].absent() || last[i].as_unsigned() < now[i].as_unsigned())) last[i] = now[i];
}

constexpr std::size_t most_kept_open = 32;  // about ten descriptors each, of the usual 1024
constexpr Duration primary_pause = 5s;
constexpr std::size_t most_names_told = 12;

class Interface final : public PollInput {
 public:
  static Declarations declare() { return {options().docs(), {main_measurement(), detail_measurement()}, {}}; }

  Interface(const ConfigNode& node, Host& host)
      : host_(host),
        config_(options().parse(node)),
        own_ignore_(node.find("ignore") != nullptr),
        net_(config_.root + "/sys/class/net"),
        proc_(config_.root + "/proc") {}

  Status open() override;
  Status collect(Batch& out) override;
  void close() noexcept override;

 private:
  bool wanted(const std::string& name) const;
  bool loopback_wanted(const std::string& name) const;
  Link* find(int index);
  bool born(int index) const { return scanned_ && !before_us_.contains(index); }
  std::uint64_t epoch_of(int index) const;

  void take_messages(Batch& out);
  void take(const LinkMessage& message, Batch& out);
  void rename(Link& link, const std::string& name);
  Status scan();
  void scan_one(const std::string& name);
  void find_primary();
  void prepare_series(Link& link);
  bool read(Link& link, Batch& out);
  void add(Batch& out, int index, const SeriesPtr& series, const SeriesPtr& detail, const LinkCounters& counters,
           Value speed, Value up) const;
  void add_at_message(Batch& out, const LinkMessage& message, Link* link);
  void tell_unmatched();

  Host& host_;
  Config config_;
  bool own_ignore_;
  std::filesystem::path net_, proc_;
  MeasurementPtr measurement_ = main_measurement(), detail_measurement_ = detail_measurement();

  LinkSocket socket_;
  std::string boot_id_, namespace_;
  std::vector<Link> links_;
  std::vector<std::string> unwanted_;  // names of the last scan, for the complaint
  std::set<int> before_us_;            // indices that the first scan met: their lives did not begin under our eyes
  std::size_t unreadable_now_ = 0;     // in this collect
  bool scanned_ = false, scan_due_ = true, primary_due_ = true;
  std::string primary_;
  SteadyTime next_primary_{};
  Timestamp now_;

  Complaint unmatched_{host_.log(), host_.clock()}, unreadable_{host_.log(), host_.clock()},
      overrun_{host_.log(), host_.clock()};
  std::atomic<std::uint64_t>& unreadable_count_ = host_.meter().counter("unreadable_values");
  std::atomic<std::uint64_t>& overrun_count_ = host_.meter().counter("netlink_overruns");
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

Link* Interface::find(int index) {
  const auto found = std::ranges::find(links_, index, &Link::index);
  return found == links_.end() ? nullptr : &*found;
}

std::uint64_t Interface::epoch_of(int index) const {
  // Without a boot id an index of today could pass for one of yesterday: then the values must tell.
  if (boot_id_.empty()) return 0;
  return make_epoch({"interface", host_.id(), boot_id_, namespace_, std::to_string(index)});
}

Status Interface::open() {
  if (std::error_code error; !std::filesystem::is_directory(net_, error))
    return Status::retry(concat("cannot read '", net_, "': ", error ? error.message() : "not a folder",
                                "; sysfs must be mounted, or 'root' must name a folder that holds sys/class/net"));
  boot_id_ = read_start(proc_ / "sys/kernel/random/boot_id").value_or("");
  while (!boot_id_.empty() && boot_id_.back() == '\n') boot_id_.pop_back();
  if (boot_id_.empty())
    host_.log().warning(concat("cannot read '", proc_ / "sys/kernel/random/boot_id",
                               "': restarts of counters are told by their values alone"));
  if (config_.root.empty()) {
    namespace_ = namespace_identity();
    if (const Status listening = socket_.open(); !listening)
      host_.log().warning(concat(listening.message(), "; what an interface carried after its last sample is not seen"));
  }
  scanned_ = false;
  scan_due_ = primary_due_ = true;
  return Status::ok();
}

void Interface::close() noexcept {
  socket_.close();
  links_.clear();
  before_us_.clear();
}

Status Interface::collect(Batch& out) {
  now_ = host_.clock().now();
  unreadable_now_ = 0;
  const std::size_t before = out.size();
  if (socket_.is_open()) take_messages(out);
  if (scan_due_ || !socket_.is_open())
    if (Status status = scan(); !status) return status;
  find_primary();
  // A link that went after the messages were taken leaves its last total in the next one.
  if (std::erase_if(links_, [&](Link& link) { return !read(link, out); }) > 0) scan_due_ = true;
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
    scan_due_ = primary_due_ = true;
    for (Link& link : links_) link.speed_due = true;
    overrun_.complain(Level::warning,
                      "the kernel dropped announcements of interface changes: what an interface carried between its "
                      "last sample and its end may be missing; a shorter 'interval' helps");
  }
  for (const LinkMessage& message : drained.messages) take(message, out);
}

void Interface::take(const LinkMessage& message, Batch& out) {
  primary_due_ = true;
  Link* link = find(message.index);
  if (link) raise(link->last, message.counters);
  const bool watched = wanted(message.name) && (!message.loopback || loopback_wanted(message.name));
  if (message.gone) {
    if (link || watched) add_at_message(out, message, link);
    if (link) links_.erase(links_.begin() + (link - links_.data()));
    before_us_.erase(message.index);
    return;
  }
  if (!link) {
    if (!watched) return;
    scan_due_ = true;
    // It was there under a name that is not watched: what it carried until now is not part of this one.
    if (scanned_ && !born(message.index)) add_at_message(out, message, nullptr);
    return;
  }
  link->speed_due = true;
  if (link->name == message.name) return;
  add_at_message(out, message, link);  // what it carried until now belongs to the old name
  scan_due_ = true;
  if (watched)
    rename(*link, message.name);
  else
    links_.erase(links_.begin() + (link - links_.data()));
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
  for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    scan_one(entries->path().filename().native());
    if (error) break;
  }
  if (error) return Status::retry(concat("cannot read '", net_, "': ", error.message()));
  std::erase_if(links_, [](const Link& link) { return !link.seen; });
  std::ranges::sort(links_, {}, &Link::index);
  scanned_ = true;
  scan_due_ = false;
  return Status::ok();
}

void Interface::scan_one(const std::string& name) {
  const bool candidate = wanted(name);
  if (!candidate && unwanted_.size() < most_names_told) unwanted_.push_back(name);
  if (!candidate && scanned_) return;
  LinkFolder folder;
  if (!folder.open(net_ / name)) return;  // gone again, or a plain file such as bonding_masters
  const int index = folder.index();
  if (index == 0) {
    ++unreadable_now_;
    unreadable_.complain(Level::warning, concat("cannot read '", net_ / name / "ifindex", "': left out"));
    return;
  }
  if (!scanned_) before_us_.insert(index);
  if (!candidate) return;
  if (folder.loopback() && !loopback_wanted(name)) {
    if (unwanted_.size() < most_names_told) unwanted_.push_back(name);
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

void Interface::find_primary() {
  if (!primary_due_ && host_.clock().steady() < next_primary_) return;
  next_primary_ = host_.clock().steady() + primary_pause;
  primary_due_ = false;
  primary_ = ipv4_default_interface(read_start(proc_ / "net/route").value_or(""));
  if (primary_.empty()) primary_ = ipv6_default_interface(read_start(proc_ / "net/ipv6_route").value_or(""));
}

void Interface::prepare_series(Link& link) {
  const bool primary = link.name == primary_;
  std::optional<std::uint64_t> speed = link.speed;
  if (link.speed_due || !socket_.is_open()) {
    speed = link.folder.speed();
    link.speed_due = false;
  }
  if (link.series && primary == link.primary && speed == link.speed) return;
  link.primary = primary;
  link.speed = speed;
  Tags attributes;
  if (primary) attributes.push_back({"primary", "yes"});
  // Twice the line rate in bytes: no link is faster than that, whatever it says of itself.
  const CounterTraits traits{.width = 64, .max_rate = speed.value_or(0) / 4};
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
  const LinkReading reading = link.folder.read(config_.all_counters ? link_counter_count : main_counter_count);
  if (!reading.gone) prepare_series(link);
  if (!link.keep_open) link.folder.close();
  if (reading.gone) return false;
  if (reading.unreadable > 0) {
    unreadable_now_ += reading.unreadable;
    unreadable_.complain(Level::warning, concat("interface '", link.name, "': ", reading.unreadable,
                                                " of its counters in '", net_, "' cannot be read as numbers"));
  }
  link.last = reading.counters;
  add(out, link.index, link.series, link.detail, reading.counters, link.speed ? Value(*link.speed) : Value(),
      reading.up);
  return true;
}

void Interface::add(Batch& out, int index, const SeriesPtr& series, const SeriesPtr& detail,
                    const LinkCounters& counters, Value speed, Value up) const {
  Sample sample{series, now_, epoch_of(index), born(index), {}};
  sample.values.reserve(main_counter_count + 2);
  sample.values.assign(counters.begin(), counters.begin() + main_counter_count);
  sample.values.push_back(speed);
  sample.values.push_back(up);
  if (detail)
    out.push_back({detail, now_, sample.epoch, sample.born, {counters.begin() + main_counter_count, counters.end()}});
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
  add(out, message.index, series, detail, link ? link->last : message.counters, Value(),
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
