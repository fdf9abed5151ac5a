#include "capture_filter.hpp"

#include "catch.hpp"

namespace trafficd::pcap_input {
namespace {

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("pcap: a filter is tried without a capture, and what is wrong with it is told") {
  CHECK(filter_fault("").empty());
  CHECK(filter_fault("tcp port 443 and not host 192.0.2.1").empty());
  CHECK(filter_fault("vlan 7 and ether host 02:00:00:00:00:01").empty());
  CHECK(filter_fault("ifindex 3").empty());  // fits a capture of all interfaces only
  const std::string fault = filter_fault("tcp prot 443");
  CHECK(holds(fault, "is no filter in the syntax of pcap-filter(7): "));
  CHECK(holds(fault, "syntax error"));
  CHECK(holds(filter_fault("host 300.1.1.1"), "is no filter"));
}

TEST_CASE("pcap: a filter that does not fit the link type is refused with both names") {
  const Handle ethernet(::pcap_open_dead(DLT_EN10MB, 96)), bare(::pcap_open_dead(DLT_RAW, 96));
  CHECK(set_filter(ethernet.get(), "ether host 02:00:00:00:00:01").code() != Status::Code::fatal);
  const Status status = set_filter(bare.get(), "ether host 02:00:00:00:00:01");
  CHECK(status.code() == Status::Code::fatal);
  CHECK(holds(status.message(), "the filter 'ether host 02:00:00:00:00:01' does not fit the link type RAW: "));
}

TEST_CASE("pcap: a host that nobody knows is no fault of the filter, and may be known later") {
  const std::string host(70, 'h');  // longer than a name may be: no server is asked for it
  CHECK(filter_fault("host " + host).empty());
  const Handle ethernet(::pcap_open_dead(DLT_EN10MB, 96));
  const Status status = set_filter(ethernet.get(), "host " + host);
  CHECK(status.code() == Status::Code::retry);
  CHECK(holds(status.message(), "names an unknown host '" + host + "'"));
}

TEST_CASE("pcap: link types that the decoder does not read are refused with a word of advice") {
  for (const int datalink :
       {DLT_EN10MB, DLT_RAW, DLT_IPV4, DLT_IPV6, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_PPP, DLT_NULL, DLT_LOOP})
    CHECK(supported(datalink).is_ok());
  for (const int datalink : {DLT_IEEE802_11, DLT_IEEE802_11_RADIO, DLT_PRISM_HEADER, DLT_PPI}) {
    const Status status = supported(datalink);
    CHECK(status.code() == Status::Code::fatal);
    CHECK(holds(status.message(), "monitor mode"));
  }
  CHECK(holds(supported(DLT_USB_LINUX).message(), "the link type USB_LINUX is not read"));
  CHECK(holds(supported(9'999).message(), "the link type DLT 9999 is not read"));
}

}  // namespace trafficd::pcap_input
