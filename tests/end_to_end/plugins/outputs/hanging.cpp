// An output whose write never comes back, as one upon a dead file system: it must not keep the daemon from ending.

#include <unistd.h>

#include "trafficd/entry.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

class Hanging final : public Output {
 public:
  Hanging(const ConfigNode&, Host& host) : host_(host) {}
  static Declarations declare() { return {}; }
  WriteResult write(std::span<const Sample>) override {
    host_.log().info("hangs");
    for (;;) ::pause();
  }

 private:
  Host& host_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_OUTPUT(hanging, trafficd::Hanging, "Never comes back from a write.")
TRAFFICD_ENTRY(output, hanging)
