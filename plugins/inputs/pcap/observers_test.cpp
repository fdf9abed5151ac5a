#include "observers.hpp"

#include <fstream>
#include <map>
#include <set>

#include "allocations.hpp"
#include "catch.hpp"
#include "crowd.hpp"
#include "packet/made_frames.hpp"
#include "trafficd/testing/host.hpp"

namespace trafficd::pcap_input {
namespace {

using namespace packet::made;

const std::string anna = "02:00:00:00:00:0a", router = "02:00:00:00:00:01";

Config with_remotes(std::uint64_t top, std::uint64_t most = 1000) {
  Config config;
  config.max_rows = 5000;
  config.remotes = top;
  config.max_remotes = most;
  config.protocols = true;
  config.gateways = {router};
  return config;
}

std::string tag(const Sample& sample, std::string_view key) {
  return std::string(sample.series->tag(key).value_or(""));
}

/// One who hears all that is told, and adds it up: each life counts with what was said last.
class Heard {
 public:
  explicit Heard(const Config& config, std::int64_t max_series = 100'000)
      : host({.max_series = max_series}), observers(config, host, "lan0") {
    REQUIRE(observers.open().is_ok());
    observers.set_link(packet::Link::ethernet);
  }

  void see(const Bytes& bytes, std::uint32_t length = 0) {
    observers.see(1'700'000'000, length != 0 ? length : static_cast<std::uint32_t>(bytes.size()), bytes.data(),
                  static_cast<std::uint32_t>(bytes.size()));
  }
  void tell() {
    Batch batch;
    observers.tell({}, host.clock().now(), batch);
    names.clear();
    for (const Sample& sample : batch) {
      REQUIRE_FALSE(sample.series->muted());
      const std::string& measurement = sample.series->measurement().name();
      if (measurement == "remote") names.insert(tag(sample, "address"));
      for (std::size_t i = 0; i < sample.values.size(); ++i) {
        const auto& field = sample.series->measurement().fields()[i];
        if (field.kind != Kind::counter || sample.values[i].absent()) continue;
        std::string what = measurement + " " + field.name;
        if (measurement == "device") what += " " + tag(sample, "scope");
        if (measurement == "protocol") what += " " + tag(sample, "family") + " " + tag(sample, "protocol");
        if (measurement == "remote") what += " " + tag(sample, "address");
        std::uint64_t& before = lives_[{what, sample.epoch}];
        const std::uint64_t now = sample.values[i].as_unsigned();
        REQUIRE(now >= before);
        totals[what] += now - std::exchange(before, now);
      }
    }
  }
  std::uint64_t sum(std::string_view prefix) const {
    std::uint64_t sum = 0;
    for (const auto& [what, total] : totals)
      if (what.starts_with(prefix)) sum += total;
    return sum;
  }

  testing::TestHost host;
  Observers observers;
  std::map<std::string, std::uint64_t> totals;
  std::set<std::string> names;  // of addresses, in the last batch

 private:
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> lives_;
};

Bytes to_internet(const std::string& address) {
  return frame(anna, router, ip(address.find(':') == std::string::npos ? "192.168.1.10" : "fd00::10", address, 6));
}
Bytes from_internet(const std::string& address) { return frame(router, anna, ip(address, "192.168.1.10", 17)); }

}  // namespace

TEST_CASE("remotes: the busiest are told by address, the rest as other") {
  Heard heard(with_remotes(2));
  for (unsigned i = 1; i < 10; ++i) heard.see(to_internet(concat("198.51.100.", i)), 100 * i);
  heard.see(from_internet("198.51.100.9"), 50);
  heard.tell();
  CHECK(heard.names == std::set<std::string>{"198.51.100.8", "198.51.100.9", "other"});
  CHECK(heard.totals["remote tx_bytes 198.51.100.9"] == 900);
  CHECK(heard.totals["remote rx_bytes 198.51.100.9"] == 50);
  CHECK(heard.totals["remote tx_bytes other"] == 2800);
  // Once more, so that rates fall to nothing, and then no more.
  heard.tell();
  CHECK(heard.names == std::set<std::string>{"198.51.100.8", "198.51.100.9", "other"});
  heard.tell();
  CHECK(heard.names.empty());
}

TEST_CASE("remotes: one that becomes busy begins its life then") {
  Heard heard(with_remotes(1));
  heard.see(to_internet("198.51.100.1"), 1000);
  heard.see(to_internet("2001:db8::2"), 10);
  heard.tell();
  for (int i = 0; i < 5; ++i) {
    heard.see(to_internet("2001:db8::2"), 5000);
    heard.tell();
  }
  heard.see(to_internet("198.51.100.1"), 7);
  heard.tell();
  CHECK(heard.totals["remote tx_bytes 198.51.100.1"] == 1000);
  CHECK(heard.totals["remote tx_bytes 2001:db8::2"] == 25'000);
  CHECK(heard.totals["remote tx_bytes other"] == 17);
}

TEST_CASE("remotes: whatever passes, the sum is what devices used of the internet") {
  const auto [seed, top, most, max_series] = GENERATE(table<unsigned, std::uint64_t, std::uint64_t, std::int64_t>(
      {{1, 5, 1000, 100'000}, {2, 300, 16, 100'000}, {3, 5, 200, 100'000}, {4, 100, 1000, 400}}));
  Heard heard(with_remotes(top, most), max_series);
  Crowd crowd(seed, 50);
  for (int round = 0; round < 30; ++round) {
    for (unsigned i = crowd.below(400); i > 0; --i) heard.see(crowd.next(), 60 + crowd.below(1500));
    heard.tell();
    // Some are told a last time.
    REQUIRE(heard.names.size() <= 2 * top + 1);
    REQUIRE(heard.sum("remote rx_bytes") == heard.sum("device rx_bytes internet"));
    REQUIRE(heard.sum("remote tx_bytes") == heard.sum("device tx_bytes internet"));
  }
  CHECK(heard.sum("remote") > 0);
}

TEST_CASE("remotes: what gateways moved before they were recognised stays with addresses") {
  Config config = with_remotes(50);
  config.gateways.clear();
  Heard heard(config);
  heard.see(frame(router, "02:00:00:00:00:02", ip("192.168.1.1", "198.51.100.9")), 5000);
  heard.see(to_internet("198.51.100.1"), 100);
  heard.tell();
  CHECK(heard.sum("device tx_bytes internet") == 100);
  CHECK(heard.sum("remote tx_bytes") == 5100);
  CHECK(heard.totals["capture unattributed_bytes"] == 5000);
}

TEST_CASE("remotes: hashed names stay the same, differ between installations and say nothing") {
  Config config = with_remotes(5);
  config.remote_addresses = RemoteNaming::hashed;
  Heard one(config), other(config);
  for (Heard* each : {&one, &other}) {
    each->see(to_internet("198.51.100.1"));
    each->see(to_internet("198.51.100.2"));
    each->tell();
    CHECK(each->names.size() == 2);
  }
  CHECK(*one.names.begin() != *other.names.begin());
  CHECK(one.names.begin()->starts_with("hash-"));
  Remotes again({.top = 5, .addresses = 100, .naming = RemoteNaming::hashed}, one.host, "lan0");
  REQUIRE(again.open().is_ok());
  again.count(packet::Family::ipv4, address("198.51.100.1").data(), true, 60);
  Batch batch;
  again.tell(one.host.clock().now(), batch);
  REQUIRE(batch.size() == 1);
  CHECK(one.names.contains(tag(batch.front(), "address")));
  const auto permissions = std::filesystem::status(one.host.state_folder() / "remote_secret").permissions();
  CHECK(permissions == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("remotes: without a secret nothing is captured under names that are none") {
  testing::TestHost host;
  const auto file = host.state_folder() / "remote_secret";
  const RemoteSettings settings{.top = 5, .addresses = 100, .naming = RemoteNaming::hashed};
  SECTION("a damaged one") {
    std::ofstream(file) << "short";
    CHECK(Remotes(settings, host, "lan0").open().message().find("remove it") != std::string::npos);
  }
  SECTION("one that cannot be made") {
    std::filesystem::create_directory(file);
    CHECK(Remotes(settings, host, "lan0").open().code() == Status::Code::retry);
  }
}

TEST_CASE("remotes: addresses that are left out are counted all the same") {
  Config config = with_remotes(5);
  config.remote_addresses = RemoteNaming::left_out;
  Heard heard(config);
  heard.see(to_internet("198.51.100.1"), 70);
  heard.see(to_internet("198.51.100.2"), 80);
  heard.tell();
  CHECK(heard.names == std::set<std::string>{"other"});
  CHECK(heard.totals["remote tx_bytes other"] == 150);
}

TEST_CASE("remotes: what a gateway passes on counts once") {
  Config config = with_remotes(5);
  config.gateways.clear();
  Heard heard(config);
  const std::string upstream = "02:00:00:00:00:02";
  heard.see(to_internet("198.51.100.1"), 100);
  heard.see(frame(router, upstream, ip("192.168.1.1", "198.51.100.1")), 100);
  heard.see(frame(upstream, router, ip("198.51.100.1", "192.168.1.1")), 300);
  heard.see(from_internet("198.51.100.1"), 300);
  heard.tell();
  CHECK(heard.totals["remote tx_bytes 198.51.100.1"] == 100);
  CHECK(heard.totals["remote rx_bytes 198.51.100.1"] == 300);
}

TEST_CASE("protocols: what IP carries, behind extension headers too, explains every byte that was decoded") {
  Heard heard(with_remotes(0));
  heard.see(frame(anna, router, ip("192.168.1.10", "198.51.100.1", 6)), 100);
  heard.see(frame(anna, router, ip("192.168.1.10", "198.51.100.1", 253)), 200);
  const Bytes extended = ip("fd00::1", "2001:db8::2", 0, Bytes{17, 0, 0, 0, 0, 0, 0, 0} + Bytes(8));
  heard.see(frame(anna, router, extended), 300);
  heard.see(ethernet(anna, router, 0x0806, Bytes(46)), 60);
  heard.see(Bytes(10), 1000);
  heard.tell();
  CHECK(heard.totals["protocol bytes ipv4 tcp"] == 100);
  CHECK(heard.totals["protocol bytes ipv4 253"] == 200);
  CHECK(heard.totals["protocol bytes ipv6 udp"] == 300);
  CHECK(heard.totals["protocol bytes other other"] == 60);
  CHECK(heard.sum("protocol packets") == 4);
  CHECK(heard.totals["capture undecoded"] == 1);
}

TEST_CASE("protocols: what finds no room among the series is other, and every byte is explained") {
  // Three are held for `other`, of protocols and nine of devices, one is the capture's.
  Heard heard(with_remotes(0), 3 + 9 + 1 + 2);
  for (const std::uint8_t protocol : {6, 17, 1, 47})
    heard.see(frame(router, "02:00:00:00:00:02", ip("192.168.1.10", "198.51.100.1", protocol)), 100);
  heard.see(frame(router, "02:00:00:00:00:02", ip("fd00::1", "2001:db8::1", 6)), 1000);
  for (int i = 0; i < 2; ++i) heard.tell();
  CHECK(heard.totals["protocol bytes ipv4 other"] == 200);
  CHECK(heard.totals["protocol bytes ipv6 other"] == 1000);
  CHECK(heard.sum("protocol packets") == 5);
}

TEST_CASE("no packet allocates, whoever looks at it, also when rows have come and gone") {
  Config config = with_remotes(10, 300);
  config.max_rows = 300;
  Heard heard(config);
  Crowd crowd(9, 1000);
  for (int round = 0; round < 100; ++round) {
    std::vector<Bytes> packets;
    for (int i = 0; i < 600; ++i) packets.push_back(crowd.next());
    const std::uint64_t before = allocations();
    for (const Bytes& bytes : packets) heard.see(bytes);
    REQUIRE(allocations() == before);
    heard.tell();
  }
}

}  // namespace trafficd::pcap_input
