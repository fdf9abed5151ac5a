// An input by all that can be read of its library, whose static constructor ends the process that loads it.

#include <cstdlib>

#include "trafficd/entry.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

[[maybe_unused]] const int ended = (std::abort(), 0);

class Aborting final : public PollInput {
 public:
  Aborting(const ConfigNode&, Host&) {}
  static Declarations declare() { return {}; }
  Status collect(Batch&) override { return Status::ok(); }
};

}  // namespace
}  // namespace trafficd

TRAFFICD_INPUT(aborting, trafficd::Aborting, "Is never loaded.")
TRAFFICD_ENTRY(input, aborting)
