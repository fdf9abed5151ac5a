// An input that never comes back, as one that reads from a dead device: it must not keep the daemon from ending.

#include <unistd.h>

#include "trafficd/entry.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

class Hanging final : public PollInput {
 public:
  Hanging(const ConfigNode&, Host& host) : host_(host) {}
  static Declarations declare() { return {}; }
  Status collect(Batch&) override {
    host_.log().info("hangs");
    for (;;) ::pause();
  }

 private:
  Host& host_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_INPUT(hanging, trafficd::Hanging, "Never comes back from a reading.")
TRAFFICD_ENTRY(input, hanging)
