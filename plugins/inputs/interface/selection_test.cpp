// Which interfaces are watched, which one is the primary, and what is said when there is nothing to watch.
#include <algorithm>

#include "catch.hpp"
#include "default_route.hpp"
#include "trafficd/testing/bench.hpp"

extern "C" const trafficd::PluginDescriptor* trafficd_input_interface();

namespace {

using namespace trafficd;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

constexpr const char* route_head =
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

/// A tree with interfaces of these names, numbered from 1; `lo` is the loopback.
class Machine {
 public:
  explicit Machine(const Names& interfaces) {
    int index = 0;
    for (const std::string& name : interfaces) {
      const std::string base = "sys/class/net/" + name + "/";
      folder_.write(base + "ifindex", std::to_string(++index));
      folder_.write(base + "type", name == "lo" ? "772\n" : "1\n");
      folder_.write(base + "statistics/rx_bytes", "1\n");
    }
    folder_.write("proc/sys/kernel/random/boot_id", "one\n");
  }
  const testing::TempFolder& folder() const { return folder_; }
  std::string yaml(const std::string& more) const { return "root: " + folder_.path().string() + "\n" + more; }

 private:
  testing::TempFolder folder_;
};

Names collect_names(testing::Bench& bench) {
  bench.clear();
  REQUIRE(bench.collect().is_ok());
  Names names;
  for (const Sample& sample : bench.samples()) names.emplace_back(*sample.series->tag("interface"));
  std::ranges::sort(names);
  return names;
}

Names watched(const Machine& machine, const std::string& more) {
  testing::Bench bench(*trafficd_input_interface(), machine.yaml(more));
  return collect_names(bench);
}

TEST_CASE("interface: by default the machine's own noise is left out") {
  const Machine machine({"lo",
                         "eth0",
                         "wlan0",
                         "ppp0",
                         "wg0",
                         "tun0",
                         "br0",
                         "bond0",
                         "enp3s0.7",
                         "wwan0",
                         "veth12ab",
                         "docker0",
                         "docker_gwbridge",
                         "br-0123456789ab",
                         "virbr0",
                         "tap3",
                         "vnet4",
                         "lxcbr0",
                         "cali12",
                         "flannel.1",
                         "cni0",
                         "podman0",
                         "ifb0",
                         "dummy0",
                         "tunl0",
                         "sit0",
                         "gre0",
                         "gretap0",
                         "erspan0",
                         "ip_vti0",
                         "ip6tnl0"});
  CHECK(watched(machine, "") == Names{"bond0", "br0", "enp3s0.7", "eth0", "ppp0", "tun0", "wg0", "wlan0", "wwan0"});
}

TEST_CASE("interface: match, ignore and loopback decide together") {
  const Machine machine({"lo", "eth0", "eth1", "veth0"});
  CHECK(watched(machine, "match: [eth1]") == Names{"eth1"});
  CHECK(watched(machine, "match: [\"veth*\", eth0]") == Names{"eth0", "veth0"});  // match wins over the default list
  CHECK(watched(machine, "match: [\"*eth*\"]\nignore: [\"veth*\"]") == Names{"eth0", "eth1"});  // one's own list wins
  CHECK(watched(machine, "ignore: [eth0]") == Names{"eth1", "veth0"});
  CHECK(watched(machine, "ignore: []") == Names{"eth0", "eth1", "veth0"});
  CHECK(watched(machine, "loopback: true") == Names{"eth0", "eth1", "lo"});
  CHECK(watched(machine, "match: [\"*\"]") == Names{"eth0", "eth1", "veth0"});
  CHECK(watched(machine, "match: [lo]") == Names{"lo"});
}

TEST_CASE("interface: what is no interface is passed over") {
  const Machine machine({"eth0"});
  machine.folder().write("sys/class/net/bonding_masters", "bond0\n");
  machine.folder().write("sys/class/net/odd0/type", "1\n");
  machine.folder().write("sys/class/net/odd1/ifindex", "-3\n");
  testing::Bench bench(*trafficd_input_interface(), machine.yaml(""));
  CHECK(collect_names(bench) == Names{"eth0"});
  CHECK(bench.host().meter().counted("unreadable_values") == 2);
}

TEST_CASE("interface: nothing to watch is told with what is there, and taken back") {
  const Machine machine({"lo", "eth0", "wlan0"});
  testing::Bench bench(*trafficd_input_interface(), machine.yaml("match: [ppp0]"));
  CHECK(collect_names(bench).empty());
  CHECK(bench.log().contains(Level::warning, "none fits 'match'; left out: "));
  for (const char* name : {"lo", "eth0", "wlan0"}) CHECK(bench.log().contains(Level::warning, name));
  CHECK(collect_names(bench).empty());
  CHECK(bench.log().count(Level::warning) == 1);
  machine.folder().write("sys/class/net/ppp0/ifindex", "9\n");
  machine.folder().write("sys/class/net/ppp0/statistics/rx_bytes", "9\n");
  CHECK(collect_names(bench) == Names{"ppp0"});
  CHECK(bench.log().contains(Level::info, "there are interfaces to watch again"));
}

TEST_CASE("interface: a missing sysfs is worth another try") {
  const testing::TempFolder empty;
  testing::Bench bench(*trafficd_input_interface(), "root: " + empty.path().string());
  const Status status = bench.open();
  CHECK(status.code() == Status::Code::retry);
  CHECK(status.message().find("sys/class/net") != std::string::npos);

  const Machine machine({"eth0"});
  testing::Bench later(*trafficd_input_interface(), machine.yaml(""));
  REQUIRE(later.open().is_ok());
  std::filesystem::remove_all(machine.folder().path() / "sys");
  CHECK(later.collect().code() == Status::Code::retry);
}

TEST_CASE("interface: the attribute primary follows the default route") {
  const Machine machine({"eth0", "ppp0"});
  const auto route = [&](const std::string& lines) { machine.folder().write("proc/net/route", route_head + lines); };
  testing::Bench bench(*trafficd_input_interface(), machine.yaml(""));
  const auto primaries = [&] {
    Names names;
    collect_names(bench);
    for (const Sample& sample : bench.samples())
      if (sample.series->tag("primary") == "yes") names.emplace_back(*sample.series->tag("interface"));
    bench.clock().advance(10s);
    return names;
  };
  CHECK(primaries().empty());
  route("eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n");
  CHECK(primaries() == Names{"eth0"});
  const SeriesPtr before = bench.samples().at(0).series;
  route(
      "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
      "ppp0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0\n");
  CHECK(primaries() == Names{"ppp0"});
  CHECK(bench.samples().at(0).series->same_identity(*before));
  route("");
  machine.folder().write("proc/net/ipv6_route",
                         std::string(32, '0') + " 00 " + std::string(32, '0') +
                             " 00 fe800000000000000000000000000001 00000400 1 0 00000003 eth0\n");
  CHECK(primaries() == Names{"eth0"});
}

TEST_CASE("interface: the default route is read from the kernel's tables") {
  using interface::ipv4_default_interface;
  using interface::ipv6_default_interface;
  const std::string head = route_head;
  CHECK(ipv4_default_interface("").empty());
  CHECK(ipv4_default_interface(head).empty());
  CHECK(ipv4_default_interface(head + "eth0 0002A8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n").empty());
  CHECK(
      ipv4_default_interface(head + "tun0 00000000 00000000 0001 0 0 0 00000080 0 0 0\n").empty());  // a half, not all
  CHECK(ipv4_default_interface(head + "eth0 00000000 0101A8C0 0002 0 0 0 00000000 0 0 0\n").empty());  // not up
  CHECK(ipv4_default_interface(head + "* 00000000 00000000 0201 0 0 0 00000000 0 0 0\n").empty());     // unreachable
  CHECK(ipv4_default_interface(head + "eth0 00000000 0101A8C0 0003 0 0 zz 00000000 0 0 0\n").empty());
  CHECK(ipv4_default_interface(head + "eth0 00000000 0101A8C0 0003 0 0").empty());       // cut off
  CHECK(ipv4_default_interface("a 0 0 3 0 0 7 0 0 0 0\nb 0 0 3 0 0 7 0 0 0 0") == "a");  // equal metrics: the first
  CHECK(ipv4_default_interface("a 0 0 3 0 0 4294967295 0 0 0 0\nb 0 0 3 0 0 1 0 0 0 0\n") == "b");

  const std::string zero(32, '0');
  CHECK(ipv6_default_interface(zero + " 00 " + zero + " 00 " + zero + " ffffffff 1 0 00200200 lo\n").empty());
  CHECK(ipv6_default_interface(zero + " 40 " + zero + " 00 " + zero + " 00000100 1 0 00000001 eth0\n").empty());
  CHECK(ipv6_default_interface(zero + " 00 " + zero + " 00 " + zero + " 00000400 1 0 00000003 a\n" + zero + " 00 " +
                               zero + " 00 " + zero + " 00000100 1 0 00000003 b\n") == "b");
}

}  // namespace
