#include "rights.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "catch.hpp"
#include "live_capture.hpp"

namespace trafficd::pcap_input {
namespace {

/// Takes CAP_NET_RAW out of the calling thread for good.
bool give_up_net_raw() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &header, sets) != 0) return false;
  sets[0].effective &= ~(1U << CAP_NET_RAW);
  sets[0].permitted &= ~(1U << CAP_NET_RAW);
  return ::syscall(SYS_capset, &header, sets) == 0;
}

}  // namespace

TEST_CASE("pcap: a thread without the right is told what to do, and only that thread") {
  const bool effective = net_raw_is_effective();
  bool given_up = false;
  Status raised = Status::ok(), opened = Status::ok();
  std::thread([&] {
    given_up = give_up_net_raw();
    const RaisedNetRaw right;
    raised = right.status();
    LiveCapture capture({.interface = "lo"});
    opened = capture.open();
  }).join();
  REQUIRE(given_up);
  CHECK(raised.code() == Status::Code::fatal);
  CHECK(raised.message() == missing_right);
  CHECK(opened.code() == Status::Code::fatal);
  CHECK(opened.message() == "cannot capture on 'lo': " + std::string(missing_right));
  for (const char* word : {"CAP_NET_RAW", "AmbientCapabilities=CAP_NET_RAW", "setcap cap_net_raw=p", "root"})
    CHECK(missing_right.find(word) != std::string_view::npos);
  CHECK(net_raw_is_effective() == effective);
}

TEST_CASE("pcap: the right is effective only while it is raised, and can be raised again") {
  bool may = false, after = true;
  int effective = 0;
  std::thread([&] {
    for (int i = 0; i < 3; ++i) {
      const RaisedNetRaw right;
      may = right.status().is_ok();
      if (net_raw_is_effective()) ++effective;
    }
    after = net_raw_is_effective();
  }).join();
  CHECK_FALSE(after);
  if (!may) {
    WARN("no CAP_NET_RAW: not tested");
    return;
  }
  CHECK(effective == 3);
}

}  // namespace trafficd::pcap_input
