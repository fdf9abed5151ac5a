#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

using trafficd::testing::Bench;

extern "C" const trafficd::PluginDescriptor* trafficd_stage_mute();

namespace trafficd {

TEST_CASE("what is unwanted is taken out, the rest passes untouched") {
  Bench bench(*trafficd_stage_mute(), "unwanted: [\"noise*\"]");
  const std::string good = "lan/interface,interface=eth0 rx_bytes=1c 1700000000000000000 a1\n";
  const std::string bad = "lan/noise_floor,port=1 level=-90g 1700000000000000000 -\n";
  CHECK(bench.process(good + bad + good) == good + good);
}

}  // namespace trafficd
