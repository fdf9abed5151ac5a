// Each parser against what its file holds and what it should not.
#include "parsers.hpp"

#include "catch.hpp"

namespace trafficd::names {
namespace {

constexpr std::size_t many = 100;

std::string shown(const Parsed& parsed) {
  std::string text;
  for (const Entry& entry : parsed.entries) {
    text += entry.mac ? format_mac(*entry.mac) : "-";
    text += " " + (entry.address ? format_address(*entry.address) : "-") + " " + entry.name + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("names: hardware addresses in all their forms") {
  for (const char* good : {"3c:22:fb:01:02:03", "3C:22:FB:1:2:3", "3c-22-fb-01-02-03"}) {
    REQUIRE(parse_mac(good));
    CHECK(format_mac(*parse_mac(good)) == "3c:22:fb:01:02:03");
  }
  for (const char* bad :
       {"", ":", "3c:22:fb:01:02", "3c:22:fb:01:02:03:04", "3c:22:fb:01:02:0g", "3c:22-fb:01:02:03", "3c22fb010203",
        "3c:22:fb:01:02:", "3c:22:fb:01:02:003", "-3c:22:fb:01:02:03", "3c:22:fb::2:3"})
    CHECK_FALSE(parse_mac(bad));
  CHECK(parse_mac("02:00:00:00:00:00")->local());
  CHECK_FALSE(parse_mac("3c:22:fb:01:02:03")->local());
  CHECK_FALSE(parse_mac("01:00:5e:00:00:01")->usable());
  CHECK_FALSE(parse_mac("00:00:00:00:00:00")->usable());
  CHECK_FALSE(parse_mac("ff:ff:ff:ff:ff:ff")->usable());
}

TEST_CASE("names: IP addresses, and those that tell nothing") {
  CHECK(format_address(*parse_address("192.168.1.20")) == "192.168.1.20");
  CHECK(format_address(*parse_address("FD00:0::20")) == "fd00::20");
  CHECK(format_address(*parse_address("fe80::1%eth0")) == "fe80::1");
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "fd00::g", "::1::", "1.2.3.4 "})
    CHECK_FALSE(parse_address(bad));
  CHECK_FALSE(parse_address(std::string(1000, '1')));
  CHECK_FALSE(parse_address(std::string_view("1.2.3.4\0", 8)));
  CHECK(*parse_address("255.1.1.1") < *parse_address("::"));
  for (const char* one : {"192.168.1.1", "8.8.8.8", "fd00::1", "2001:db8::1"}) CHECK(parse_address(one)->tells());
  for (const char* none : {"0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255", "::", "::1",
                           "fe80::1", "febf::1", "ff02::1"})
    CHECK_FALSE(parse_address(none)->tells());
}

TEST_CASE("names: what may be shown as a name") {
  for (const char* good : {"a", "Anna's phone", "Küche", "a,b=c"}) CHECK(good_name(good));
  for (const char* bad : {"", "a\tb", "a\x1b[31m", "\xff", "a\x7f", "turn\u202eed", "\uFFFD"})
    CHECK_FALSE(good_name(bad));
  CHECK(good_name(std::string(253, 'a')));
  CHECK_FALSE(good_name(std::string(254, 'a')));
}

TEST_CASE("names: the user's own file") {
  const Parsed parsed = parse_own(
      "# comment\n\n3c:22:fb:01:02:03 Anna's phone\r\n3c:22:fb:01:02:04:   \"with quotes\"\n"
      "10.8.0.2\tpeer # 2\nfd00::2: six\nfd00:: seven\nAnna 3c:22:fb:01:02:03\n3c:22:fb:01:02:05\n3c:22:fb:01:02:06 "
      "\"\"\n",
      many);
  CHECK(shown(parsed) ==
        "3c:22:fb:01:02:03 - Anna's phone\n3c:22:fb:01:02:04 - with quotes\n- 10.8.0.2 peer # 2\n- fd00::2 six\n"
        "- fd00:: seven\n");
  CHECK(parsed.bad_lines == 3);
  CHECK(parsed.first_bad == 8);
}

TEST_CASE("names: ethers") {
  const Parsed parsed = parse_ethers(
      "3c:22:fb:01:02:03 pi # x\n# y\n3c:22:fb:01:02:04 192.168.1.4\n3c:22:fb:01:02:05\nff:ff:ff:ff:ff:ff all\n", many);
  CHECK(shown(parsed) == "3c:22:fb:01:02:03 - pi\n3c:22:fb:01:02:04 192.168.1.4 \n");
  CHECK(parsed.bad_lines == 2);
}

TEST_CASE("names: leases of dnsmasq") {
  const Parsed parsed = parse_leases(
      "0 3c:22:fb:01:02:03 192.168.1.3 phone 01:3c\n0 3c:22:fb:01:02:04 192.168.1.4 * *\n"
      "0 20-01:02 192.168.1.5 odd *\n0 20-01:02 192.168.1.6 * *\nduid 00:01\n0 T16777 fd00::3 phone6 00:01\nnonsense\n",
      many);
  CHECK(shown(parsed) ==
        "3c:22:fb:01:02:03 192.168.1.3 phone\n3c:22:fb:01:02:04 192.168.1.4 \n- 192.168.1.5 odd\n- fd00::3 phone6\n");
  CHECK(parsed.bad_lines == 1);
  CHECK(parsed.first_bad == 7);
}

TEST_CASE("names: a last lease without its end is half written, and not taken") {
  const std::string whole = "0 3c:22:fb:01:02:03 192.168.1.3 phone *\n",
                    next = "0 3c:22:fb:01:02:04 192.168.1.4 tablet *";
  for (std::size_t size = 0; size <= next.size(); ++size) {
    const Parsed parsed = parse_leases(whole + next.substr(0, size), many);
    CHECK(shown(parsed) == "3c:22:fb:01:02:03 192.168.1.3 phone\n");
    CHECK(parsed.bad_lines == 0);
  }
  CHECK(parse_leases(whole + next + "\n", many).entries.size() == 2);
  CHECK(parse_leases(next, many).entries.empty());
}

TEST_CASE("names: hosts") {
  const Parsed parsed = parse_hosts(
      "127.0.0.1 localhost\n192.168.1.3\tnas.lan nas # x\n0.0.0.0 bad.example\nfd00::3 six\n192.168.1.4\n", many);
  CHECK(shown(parsed) == "- 192.168.1.3 nas.lan\n- fd00::3 six\n");
  CHECK(parsed.bad_lines == 1);
}

TEST_CASE("names: entries are bounded, and those beyond counted") {
  const Parsed parsed = parse_hosts("1.1.1.1 a\n1.1.1.2 b\nx\n1.1.1.3 c\n1.1.1.4 d\n", 2);
  CHECK(parsed.entries.size() == 2);
  CHECK(parsed.left_out == 2);
  CHECK(parsed.bad_lines == 1);
}

}  // namespace trafficd::names
