// The input on a small /etc of its own: which source wins, who is a device, and what happens when things change.

#include <algorithm>
#include <filesystem>

#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

using namespace std::chrono_literals;
using trafficd::testing::Bench;
using trafficd::testing::TempFolder;

extern "C" const trafficd::PluginDescriptor* trafficd_input_names();

namespace trafficd {
namespace {

constexpr const char* phone = "3c:22:fb:01:02:03";

struct Home {
  explicit Home(const std::string& more = {})
      : bench(*trafficd_input_names(), "root: " + folder.path().string() + "\n" + more) {}
  /// The samples of one tick, by device.
  std::map<std::string, SeriesPtr> tick() {
    bench.clear();
    REQUIRE(bench.collect().is_ok());
    bench.clock().advance(10s);
    std::map<std::string, SeriesPtr> all;
    for (const Sample& sample : bench.samples()) {
      CHECK(sample.values == std::vector<Value>{1});
      CHECK(all.emplace(*sample.series->tag("device"), sample.series).second);
    }
    return all;
  }
  std::string name_of(const std::string& device) {
    const auto all = tick();
    const auto found = all.find(device);
    if (found == all.end()) return "no such device";
    return concat(found->second->tag("name").value_or(""), '/', found->second->tag("name_source").value_or(""));
  }
  void write(const std::string& name, std::string_view content) { folder.write(name, content); }
  void lease(std::string_view mac, std::string_view address, std::string_view name) {
    write("var/lib/misc/dnsmasq.leases", concat("1700003600 ", mac, ' ', address, ' ', name, " *\n"));
  }

  TempFolder folder;
  Bench bench;
};

const std::string own = "file: /etc/names\n";

}  // namespace

TEST_CASE("names: the most trusted source wins, and the next one when it goes") {
  Home home(own);
  home.write("etc/names", concat(phone, " own\n"));
  home.write("etc/ethers", concat(phone, " ether\n"));
  home.lease(phone, "192.168.1.20", "lease");
  home.write("etc/hosts", "192.168.1.20 host\n");
  CHECK(home.name_of(phone) == "own/file");
  home.write("etc/names", "192.168.1.20 by address\n");
  CHECK(home.name_of(phone) == "by address/file");
  home.write("etc/names", "");
  CHECK(home.name_of(phone) == "ether/ethers");
  std::filesystem::remove(home.folder.path() / "etc/ethers");
  CHECK(home.name_of(phone) == "lease/dnsmasq");
  home.lease(phone, "192.168.1.20", "*");
  CHECK(home.name_of(phone) == "host/hosts");
  home.write("etc/hosts", "");
  CHECK(home.name_of(phone) == "/");
}

TEST_CASE("names: a rename changes an attribute and keeps the identity; without a change the handle stays") {
  Home home;
  home.write("etc/ethers", concat(phone, " before\n"));
  const SeriesPtr before = home.tick().at(phone), same = home.tick().at(phone);
  CHECK(before == same);
  home.write("etc/ethers", concat(phone, " after\n"));
  const SeriesPtr after = home.tick().at(phone);
  CHECK(after->tag("name") == "after");
  CHECK(after->same_identity(*before));
}

TEST_CASE("names: at 'max_series' a renamed device stays, and one that had no room gets it when there is some") {
  Home home("max_series: 1");
  const std::string pi = "b8:27:eb:00:00:01";
  home.write("etc/ethers", concat(phone, " before\n"));
  CHECK_FALSE(home.tick().at(phone)->muted());
  home.write("etc/ethers", concat(phone, " after\n", pi, " pi\n"));
  for (int i = 0; i < 2; ++i) {
    const auto all = home.tick();
    CHECK(all.at(phone)->tag("name") == "after");
    CHECK_FALSE(all.at(phone)->muted());
    CHECK(all.at(pi)->muted());
  }
  home.write("etc/ethers", concat(phone, " renamed again\n", pi, " pi\n"));
  CHECK_FALSE(home.tick().at(phone)->muted());
  home.write("etc/ethers", concat(pi, " pi\n"));
  home.bench.clock().advance(48h);
  home.tick();
  CHECK_FALSE(home.tick().at(pi)->muted());
}

TEST_CASE("names: a file that was written twice within the grain of its time stamp is read again") {
  Home home;
  const std::filesystem::path file = home.folder.write("etc/ethers", concat(phone, " before\n"));
  const auto stamp = std::filesystem::last_write_time(file);
  CHECK(home.name_of(phone) == "before/ethers");
  home.write("etc/ethers", concat(phone, " aftera\n"));
  std::filesystem::last_write_time(file, stamp);
  CHECK(home.name_of(phone) == "aftera/ethers");
}

TEST_CASE("names: a device without a MAC is told by the address in the user's file, until its MAC is known") {
  Home home(own);
  home.write("etc/names", "10.8.0.2 peer\n192.168.1.20: 'phone'\n");
  auto all = home.tick();
  CHECK(all.size() == 2);
  CHECK(all.at("10.8.0.2")->tag("name") == "peer");
  CHECK(all.at("192.168.1.20")->tag("name") == "phone");
  home.lease(phone, "192.168.1.20", "*");
  all = home.tick();
  CHECK(all.size() == 2);
  CHECK(all.count("192.168.1.20") == 0);
  CHECK(all.at(phone)->tag("name") == "phone");
}

TEST_CASE("names: one who has gone is told on for a while, without the address that another has now") {
  Home home("forget: 1h");
  home.lease(phone, "192.168.1.20", "phone");
  home.tick();
  home.lease("b8:27:eb:00:00:01", "192.168.1.20", "pi");
  const auto all = home.tick();
  CHECK(all.at(phone)->tag("name") == "phone");
  CHECK(all.at("b8:27:eb:00:00:01")->tag("addresses") == "192.168.1.20");
  home.bench.clock().advance(2h);
  CHECK(home.tick().size() == 1);
}

TEST_CASE("names: one who is still there without an address gives up the one that another has now") {
  Home home;
  home.write("etc/hosts", "192.168.1.20 host\n");
  home.lease(phone, "192.168.1.20", "*");
  CHECK(home.name_of(phone) == "host/hosts");
  home.lease(phone, "169.254.1.1", "*");
  CHECK(home.tick().at(phone)->tag("addresses") == "192.168.1.20");
  const std::string pi = "b8:27:eb:00:00:01";
  home.write("var/lib/misc/dnsmasq.leases", concat("1 ", phone, " 169.254.1.1 * *\n1 ", pi, " 192.168.1.20 * *\n"));
  const auto all = home.tick();
  CHECK_FALSE(all.at(phone)->tag("addresses"));
  CHECK_FALSE(all.at(phone)->tag("name"));
  CHECK(all.at(pi)->tag("name") == "host");
}

TEST_CASE("names: devices are bounded; who has gone makes room, who is there stays") {
  Home home("max_devices: 2");
  home.write("etc/ethers", "00:00:00:00:00:01 a\n00:00:00:00:00:02 b\n");
  home.lease("00:00:00:00:00:03", "192.168.1.3", "c");
  CHECK(home.tick().size() == 2);
  CHECK(home.bench.host().meter().counted("devices_left_out") == 1);
  CHECK(home.bench.log().contains(Level::warning, "beyond 'max_devices' (2)"));
  home.write("etc/ethers", "00:00:00:00:00:01 a\n");
  home.tick();
  const auto all = home.tick();
  CHECK(all.size() == 2);
  CHECK(all.count("00:00:00:00:00:03") == 1);
  CHECK(home.bench.log().contains(Level::info, "there is room for all devices again"));
  CHECK(home.bench.host().meter().gauged("devices") == 2);
}

TEST_CASE("names: no more lines of a file are taken than devices") {
  Home home("max_devices: 2");
  home.write("etc/ethers", "00:00:00:00:00:01 a\n00:00:00:00:00:02 b\n00:00:00:00:00:04 c\n");
  CHECK(home.tick().size() == 2);
  CHECK(home.bench.host().meter().counted("entries_left_out") == 1);
}

TEST_CASE("names: a device has few addresses, IPv4 first") {
  Home home;
  std::string leases;
  for (int i = 10; i < 20; ++i) leases += concat("1 ", phone, " 192.168.1.", i, " * *\n");
  home.write("var/lib/misc/dnsmasq.leases", leases);
  const std::string addresses(*home.tick().at(phone)->tag("addresses"));
  CHECK(addresses.starts_with("192.168.1.10,192.168.1.11,"));
  CHECK(std::ranges::count(addresses, ',') == 7);
  CHECK(home.bench.host().meter().counted("addresses_left_out") == 2);
}

TEST_CASE("names: vendors follow their files, and need none") {
  Home home;
  home.write("etc/ethers", concat(phone, " a\nda:a1:19:0a:0b:0c b\n"));
  auto all = home.tick();
  CHECK_FALSE(all.at(phone)->tag("vendor"));
  CHECK_FALSE(all.at(phone)->tag("randomised"));
  CHECK(all.at("da:a1:19:0a:0b:0c")->tag("randomised") == "yes");
  home.write("usr/share/ieee-data/oui.csv",
             "Registry,Assignment,Organization Name\r\nMA-L,3C22FB,\"A \"\"B\"\", C\",x\r\n");
  home.write("usr/share/ieee-data/mam.csv", "MA-M,DAA1190,Nobody,\n");
  all = home.tick();
  CHECK(all.at(phone)->tag("vendor") == "A \"B\", C");
  CHECK_FALSE(all.at("da:a1:19:0a:0b:0c")->tag("vendor"));
  home.write("usr/share/ieee-data/oui36.csv", "MA-S,3C22FB010,Longer,\n");
  CHECK(home.tick().at(phone)->tag("vendor") == "Longer");
  std::filesystem::remove_all(home.folder.path() / "usr");
  CHECK_FALSE(home.tick().at(phone)->tag("vendor"));
}

TEST_CASE("names: a folder of vendors that was named must be there, and a list that makes no sense is counted") {
  Home home("vendors: /lists");
  home.write("etc/ethers", concat(phone, " a\n"));
  home.tick();
  CHECK(home.bench.log().contains(Level::warning, "there is no vendor list in '/lists'; install ieee-data"));
  home.write("lists/oui.csv", "x\nnonsense\nMA-L,3C22FB,Acme,\n");
  CHECK(home.tick().at(phone)->tag("vendor") == "Acme");
  CHECK(home.bench.log().contains(Level::info, "the vendor lists can be read"));
  CHECK(home.bench.host().meter().counted("bad_vendor_records") == 1);
}

TEST_CASE("names: only a file that the user named must be there") {
  Home silent;
  silent.tick();
  CHECK(silent.bench.log().lines().empty());
  Home named("hosts: /etc/hosts\nethers: ''\n" + own);
  named.tick();
  CHECK(named.bench.log().count(Level::warning) == 2);
  CHECK(named.bench.log().contains(Level::warning, "etc/names': there is no such file"));
  named.write("etc/names", "");
  named.tick();
  CHECK(named.bench.log().contains(Level::info, "etc/names' is read as it should be"));
}

TEST_CASE("names: what cannot be a file of names is told and does no harm") {
  Home home(own);
  std::filesystem::create_directories(home.folder.path() / "etc/names");
  CHECK(home.tick().empty());
  CHECK(home.bench.log().contains(Level::warning, "etc/names': cannot be read: not a regular file"));
  home.write("etc/ethers", "one\ntwo\n");
  home.tick();
  CHECK(home.bench.log().contains(Level::warning, "etc/ethers': line 1 cannot be used, nor can 1 more"));
  CHECK(home.bench.host().meter().counted("bad_lines") >= 2);
}

TEST_CASE("names: a relative file stands below the state folder") {
  Home home("file: names\n");
  testing::write_file(home.bench.host().state_folder() / "names", concat(phone, " here\n"));
  CHECK(home.name_of(phone) == "here/file");
}

TEST_CASE("names: a server that is none is refused") {
  const auto problem = [](const std::string& server) {
    try {
      Bench bench(*trafficd_input_names(), "dns_servers: ['" + server + "']");
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  for (const char* good : {"192.168.1.1", "127.0.0.1:5353", "[fd00::1]:53", "[::1]", "fd00::1"})
    CHECK(problem(good).empty());
  for (const char* bad :
       {"", "router", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "[::1", "[::1]53", "1.2.3.4,5.6.7.8"})
    CHECK(problem(bad).find("is no address of a server; write it as") != std::string::npos);
}

}  // namespace trafficd
