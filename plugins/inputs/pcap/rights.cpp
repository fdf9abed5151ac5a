#include "rights.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

const std::string_view missing_right =
    "the right to capture is missing: it needs CAP_NET_RAW. Give it by 'AmbientCapabilities=CAP_NET_RAW' in the "
    "systemd "
    "unit, by 'setcap cap_net_raw=p' on the program, or run it as root";

namespace {

constexpr std::uint32_t net_raw = 1U << CAP_NET_RAW;
static_assert(CAP_NET_RAW < 32, "it stands in the first word");

/// The sets of one thread. Not by the C library, which has no function for it.
struct Sets {
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> words{};

  bool read() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    return ::syscall(SYS_capget, &header, words.data()) == 0;
  }
  bool write() const {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    return ::syscall(SYS_capset, &header, words.data()) == 0;
  }
};

}  // namespace

RaisedNetRaw::RaisedNetRaw() : status_(Status::ok()) {
  Sets sets;
  if (!sets.read()) {
    status_ = Status::fatal(concat("cannot read the rights of the thread: ", std::strerror(errno)));
    return;
  }
  if ((sets.words[0].permitted & net_raw) == 0) {
    status_ = Status::fatal(std::string(missing_right));
    return;
  }
  sets.words[0].effective |= net_raw;
  if (!sets.write()) status_ = Status::fatal(concat("cannot raise CAP_NET_RAW: ", std::strerror(errno)));
}

RaisedNetRaw::~RaisedNetRaw() {
  Sets sets;
  if (!sets.read() || (sets.words[0].effective & net_raw) == 0) return;
  sets.words[0].effective &= ~net_raw;
  sets.write();  // a thread may always give up what it has
}

bool net_raw_is_effective() {
  Sets sets;
  return sets.read() && (sets.words[0].effective & net_raw) != 0;
}

}  // namespace trafficd::pcap_input
