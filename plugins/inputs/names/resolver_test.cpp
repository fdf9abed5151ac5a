// Reverse DNS against a small server on loopback. Nothing depends on how long an answer takes: the test waits until it
// is there.
#include "resolver.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <set>

#include "catch.hpp"
#include "trafficd/testing/host.hpp"
#include "trafficd/units.hpp"

namespace trafficd::names {
namespace {

using namespace std::chrono_literals;

void wait_for(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  REQUIRE(::poll(&waiting, 1, 60'000) == 1);
}

class Server {
 public:
  Server() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    name_ = concat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~Server() { ::close(socket_); }
  const std::string& name() const { return name_; }

  /// Takes the next question; its name as labels with dots.
  std::string take() {
    wait_for(socket_);
    std::array<char, 512> buffer{};
    socklen_t size = sizeof from_;
    const ssize_t got =
        ::recvfrom(socket_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from_), &size);
    REQUIRE(got > 16);
    question_.assign(buffer.data(), static_cast<std::size_t>(got));
    std::string asked;
    for (std::size_t at = 12; at < question_.size() && question_[at] != 0;) {
      const auto length = static_cast<std::size_t>(question_[at]);
      asked += (asked.empty() ? "" : ".") + question_.substr(at + 1, length);
      at += length + 1;
    }
    return asked;
  }
  /// Takes all that are there, without waiting.
  std::vector<std::string> waiting() {
    std::vector<std::string> all;
    for (pollfd one{socket_, POLLIN, 0}; ::poll(&one, 1, 0) == 1;) all.push_back(take());
    return all;
  }
  /// Answers it: a name in labels, or an error of DNS (3: there is none).
  void answer(const std::vector<std::string>& labels, char error = 0) {
    std::string reply = question_.substr(0, question_.find('\0', 12) + 5);
    reply[2] = static_cast<char>(0x81);
    reply[3] = static_cast<char>(0x80 | error);
    reply[7] = labels.empty() ? 0 : 1;
    reply[11] = 0;
    if (!labels.empty()) {
      std::string target;
      for (const std::string& label : labels) target += static_cast<char>(label.size()) + label;
      target += '\0';
      reply +=
          std::string("\xc0\x0c\x00\x0c\x00\x01\x00\x00\x0e\x10\x00", 11) + static_cast<char>(target.size()) + target;
    }
    REQUIRE(::sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from_), sizeof from_) ==
            static_cast<ssize_t>(reply.size()));
  }

 private:
  int socket_;
  std::string name_, question_;
  sockaddr_in from_{};
};

struct Asker {
  Asker() : resolver(host) { REQUIRE(resolver.open({server.name()}).is_ok()); }
  std::string ask(const char* address) {
    std::string name(resolver.name_of(*parse_address(address)));
    resolver.ask_due();
    return name;
  }
  std::uint64_t counted(const char* what) { return host.meter().counted(what); }
  /// Until the answer to all that is asked has been taken.
  void take_answers() {
    while (resolver.under_way() > 0) {
      REQUIRE(resolver.descriptors().size() == 1);
      wait_for(resolver.descriptors().front());
      resolver.process();
    }
  }

  testing::TestHost host;
  Server server;
  Resolver resolver;
};

}  // namespace

TEST_CASE("names: a reverse name is asked for once, and there at a later tick") {
  Asker asker;
  CHECK(asker.ask("192.168.1.20") == "");
  CHECK(asker.ask("192.168.1.20") == "");
  CHECK(asker.counted("dns_questions") == 1);
  CHECK(asker.server.take() == "20.1.168.192.in-addr.arpa");
  asker.server.answer({"phone", "lan"});
  asker.take_answers();
  CHECK(asker.ask("192.168.1.20") == "phone.lan");
  CHECK(asker.counted("dns_answers") == 1);

  asker.host.clock().advance(59min);
  CHECK(asker.ask("192.168.1.20") == "phone.lan");
  CHECK(asker.counted("dns_questions") == 1);
  asker.host.clock().advance(2min);
  CHECK(asker.ask("192.168.1.20") == "phone.lan");  // until the new answer is there
  asker.server.take();
  asker.server.answer({"tablet", "lan"});
  asker.take_answers();
  CHECK(asker.ask("192.168.1.20") == "tablet.lan");
}

TEST_CASE("names: every form of a server that is taken can be asked") {
  testing::TestHost host;
  Resolver resolver(host);
  for (const char* form : {"192.168.1.1", "192.168.1.1:53", "127.0.0.1:5353", "[127.0.0.1]", "[127.0.0.1]:5353",
                           "fd00::1", "[fd00::1]", "[fd00::1]:5353", "::1", "[::ffff:10.0.0.1]"}) {
    CAPTURE(form);
    CHECK(server_fault(form).empty());
    CHECK(resolver.open({form}).message().empty());
    resolver.close();
    CHECK(resolver.open({form, "10.0.0.1"}).is_ok());
    resolver.close();
  }
  CHECK(parse_server("[fd00::53]") == "[fd00::53]:53");
  CHECK(parse_server("10.0.0.1") == "10.0.0.1:53");
  CHECK(resolver.open({"router"}).message().find("cannot prepare reverse DNS") == 0);
  CHECK(resolver.name_of(*parse_address("10.0.0.1")).empty());
}

TEST_CASE("names: what has no name is remembered too, for a shorter while") {
  Asker asker;
  CHECK(asker.ask("fd00::20") == "");
  CHECK(asker.server.take() == "0.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa");
  asker.server.answer({}, 3);
  asker.take_answers();
  asker.host.clock().advance(9min);
  CHECK(asker.ask("fd00::20") == "");
  CHECK(asker.counted("dns_questions") == 1);
  asker.host.clock().advance(2min);
  CHECK(asker.ask("fd00::20") == "");
  CHECK(asker.counted("dns_questions") == 2);
}

TEST_CASE("names: a reverse name that should not be shown is none") {
  Asker asker;
  asker.ask("192.168.1.20");
  asker.server.take();
  asker.server.answer({"a\x1b[31m", "lan"});
  asker.take_answers();
  const std::string name = asker.ask("192.168.1.20");  // c-ares refuses it, or writes it in figures
  CHECK(name.find('\x1b') == std::string::npos);
}

TEST_CASE("names: a server that is silent is told, and asked again soon") {
  Asker asker;
  asker.resolver.close();
  REQUIRE(asker.resolver.open({asker.server.name()}, 1ms).is_ok());
  CHECK(asker.ask("192.168.1.20") == "");
  for (int tries = 0; asker.resolver.under_way() > 0; ++tries) {
    REQUIRE(tries < 6000);
    ::poll(nullptr, 0, 10);  // c-ares gives up by a clock of its own
    asker.resolver.process();
  }
  CHECK(asker.counted("dns_failures") == 1);
  CHECK(asker.host.log().contains(Level::warning, "reverse DNS gives no answer"));
  asker.host.clock().advance(61s);
  asker.ask("192.168.1.20");
  CHECK(asker.counted("dns_questions") == 2);
  asker.resolver.close();
  Server other;
  REQUIRE(asker.resolver.open({other.name()}).is_ok());
  asker.ask("192.168.1.20");
  other.take();
  other.answer({}, 3);
  asker.take_answers();
  CHECK(asker.host.log().contains(Level::info, "reverse DNS answers again"));
}

TEST_CASE("names: all have their turn with a server that is silent") {
  constexpr int addresses = 200;
  Asker asker;
  asker.resolver.close();
  REQUIRE(asker.resolver.open({asker.server.name()}, 1ms).is_ok());
  std::set<std::string> asked;
  const auto tick = [&] {
    for (int i = 1; i <= addresses; ++i) asker.resolver.name_of(*parse_address(concat("10.0.0.", i)));
    asker.resolver.ask_due();
    for (int tries = 0; asker.resolver.under_way() > 0; ++tries) {
      REQUIRE(tries < 6000);
      ::poll(nullptr, 0, 10);  // c-ares gives up by a clock of its own
      for (const std::string& one : asker.server.waiting()) asked.insert(one);
      asker.resolver.process();
    }
    asker.host.clock().advance(2min);  // so all that were asked for are due again
  };
  for (int i = 0; i < 4; ++i) tick();
  CHECK(asked.size() == addresses);
  CHECK(asker.counted("dns_questions") == 4 * Resolver::most_under_way);
}

TEST_CASE("names: a server that cannot tell is asked again later, and what it said before stays") {
  Asker asker;
  asker.ask("192.168.1.20");
  asker.server.take();
  asker.server.answer({"phone"});
  asker.take_answers();
  asker.host.clock().advance(61min);
  CHECK(asker.ask("192.168.1.20") == "phone");
  for (int tries = 0; asker.resolver.under_way() > 0; ++tries) {
    REQUIRE(tries < 10);
    asker.server.take();
    asker.server.answer({}, 2);
    REQUIRE(asker.resolver.descriptors().size() == 1);
    wait_for(asker.resolver.descriptors().front());
    asker.resolver.process();
  }
  CHECK(asker.counted("dns_failures") == 1);
  CHECK(asker.ask("192.168.1.20") == "phone");
  CHECK(asker.counted("dns_questions") == 2);
  asker.host.clock().advance(11min);
  asker.ask("192.168.1.20");
  CHECK(asker.counted("dns_questions") == 3);
}

TEST_CASE("names: no more questions are under way than allowed, and a close forgets them") {
  Asker asker;
  for (int i = 1; i <= 100; ++i) asker.ask(concat("10.0.0.", i).c_str());
  CHECK(asker.resolver.under_way() == Resolver::most_under_way);
  asker.resolver.close();
  CHECK(asker.resolver.under_way() == 0);
  CHECK(asker.resolver.descriptors().empty());
  CHECK(asker.ask("10.0.0.1") == "");
  CHECK(asker.resolver.open({asker.server.name()}).is_ok());
  asker.ask("10.0.0.1");
  CHECK(asker.resolver.under_way() == 1);
}

TEST_CASE("names: what is remembered is bounded, and forgotten when nobody asks for it") {
  Asker asker;
  asker.ask("192.168.1.20");
  asker.server.take();
  asker.server.answer({"phone"});
  asker.take_answers();
  asker.host.clock().advance(3h);
  asker.resolver.process();
  CHECK(asker.ask("192.168.1.20") == "");
  for (std::uint32_t i = 0; i < Resolver::most_remembered; ++i)
    asker.resolver.name_of({.bytes = {10, 1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}});
  CHECK(asker.counted("dns_left_out") == 1);
}

TEST_CASE("names: addresses that tell nothing are not asked for") {
  Asker asker;
  for (const char* address : {"127.0.0.1", "fe80::1", "169.254.1.1", "224.0.0.1"}) CHECK(asker.ask(address) == "");
  CHECK(asker.counted("dns_questions") == 0);
}

}  // namespace trafficd::names
