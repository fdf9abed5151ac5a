#pragma once
// For tests: packets of many devices, most of which make sense.

#include <random>
#include <string>
#include <vector>

#include "packet/made_frames.hpp"
#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

/// A crowd: devices, gateways and groups that talk in all ways, seeded.
class Crowd {
 public:
  Crowd(unsigned seed, unsigned devices) : random_(seed), devices_(devices) {}

  packet::made::Bytes next() {
    using namespace packet::made;
    static const std::vector<std::string> locals{"192.168.1.", "10.0.0.", "fd00::", "2001:db8:1::"},
        others{"198.51.100.", "203.0.113.", "224.0.0.", "2001:db8:ffff::", "ff05::"};
    const auto some = [&](const std::vector<std::string>& from) {
      return from[below(static_cast<unsigned>(from.size()))] + std::to_string(1 + below(200));
    };
    if (below(20) == 0) return ethernet(device(), below(2) == 0 ? "ff:ff:ff:ff:ff:ff" : device(), 0x0806, Bytes(46));
    Bytes packet;
    do {
      const std::string from = below(3) == 0 ? some(others) : some(locals);
      const std::string to = below(3) == 0 ? some(others) : some(locals);
      if ((from.find(':') == std::string::npos) == (to.find(':') == std::string::npos)) packet = ip(from, to);
    } while (packet.empty());
    Bytes whole = frame(device(), below(10) == 0 ? "33:33:00:00:00:01" : device(), packet);
    if (below(50) == 0) whole.resize(below(34));
    return whole;
  }
  unsigned below(unsigned end) { return std::uniform_int_distribution<unsigned>(0, end - 1)(random_); }

 private:
  std::string device() {
    const unsigned number = below(devices_);
    return concat("02:00:00:00:", hexadecimal(number >> 8), ':', hexadecimal(number & 255));
  }
  static std::string hexadecimal(unsigned byte) {
    return {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  }
  std::mt19937 random_;
  unsigned devices_;
};

}  // namespace trafficd::pcap_input
