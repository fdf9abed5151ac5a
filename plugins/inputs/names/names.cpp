// What devices are called, for people: read from the files that know it, the kernel's neighbour table and, where asked
// for, reverse DNS. One series for each device, whose attributes tell; the stage `name` gives them to other series.

#include <net/if.h>

#include <array>

#include "devices.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::names {

namespace {

class Names final : public PollInput {
 public:
  static Declarations declare() { return {options().docs(), {info_measurement()}, {}}; }

  Names(const ConfigNode& node, Host& host)
      : config_(options().parse(node)),
        host_(host),
        knowledge_(config_, host, node),
        vendors_(vendor_folder(config_)),
        resolver_(host),
        devices_(config_, host),
        unreadable_(host.log(), host.clock()),
        undecoded_(host.meter().counter("netlink_undecoded")),
        cut_(host.meter().counter("neighbours_cut")) {}

  Status open() override {
    if (!config_.dns) return Status::ok();
    // Without it the other sources still tell much.
    if (const Status status = resolver_.open(config_.dns_servers); !status) host_.log().warning(status.message());
    return Status::ok();
  }

  Status collect(Batch& out) override {
    knowledge_.refresh();
    resolver_.process();
    devices_.update(knowledge_, neighbours(), resolver_, vendors_);
    devices_.emit(out);
    return Status::ok();
  }

  void close() noexcept override {
    resolver_.close();
    devices_.clear();
    knowledge_.clear();
  }

 private:
  static std::filesystem::path vendor_folder(const Config& config) { return concat(config.root, config.vendors); }

  /// Without them the files still tell much, so a failure is complained of and no more.
  std::vector<Neighbour> neighbours() {
    if (!config_.neighbours) return {};
    Neighbours found;
    const Status status = config_.root.empty() ? read_neighbours(found, most_neighbours)
                                               : read_recorded_neighbours(config_.root + "/neighbours", found);
    undecoded_.fetch_add(found.undecoded, std::memory_order_relaxed);
    if (status && !found.done && config_.root.empty()) cut_.fetch_add(1, std::memory_order_relaxed);
    if (status)
      unreadable_.resolve("the neighbour table can be read again");
    else
      unreadable_.complain(Level::warning, status.message());
    if (!config_.interfaces.empty()) keep_wanted(found.entries);
    return std::move(found.entries);
  }

  void keep_wanted(std::vector<Neighbour>& entries) const {
    std::map<int, bool> wanted;
    std::erase_if(entries, [&](const Neighbour& entry) {
      const auto [found, fresh] = wanted.try_emplace(entry.interface);
      std::array<char, IF_NAMESIZE> name{};
      if (fresh && if_indextoname(static_cast<unsigned>(entry.interface), name.data()) != nullptr)
        found->second = glob_match(config_.interfaces, name.data());
      return !found->second;
    });
  }

  static constexpr std::size_t most_neighbours = 65'536;

  const Config config_;
  Host& host_;
  Knowledge knowledge_;
  VendorList vendors_;
  Resolver resolver_;
  Devices devices_;
  Complaint unreadable_;
  std::atomic<std::uint64_t>&undecoded_, &cut_;
};

}  // namespace
}  // namespace trafficd::names

TRAFFICD_INPUT(names, trafficd::names::Names, "What devices are called: names, vendors and addresses, as attributes.")
