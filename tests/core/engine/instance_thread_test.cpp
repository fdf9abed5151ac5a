#include "engine/instance_thread.hpp"

#include "graph_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;

TEST_CASE("a call that goes on for too long shows as hanging, until it comes back") {
  InstanceThread thread;
  Event go_on;
  thread.start([&](const std::stop_token&) { go_on.wait(); });
  const SteadyTime begun(1h);
  const auto condition = [&](Duration later) { return thread.condition(begun + later, 1min); };
  CHECK(condition(1h) == "runs");
  {
    const InstanceThread::Call call(thread, begun);
    CHECK(condition(1min) == "runs");
    CHECK(condition(1min + 1ns) == "hangs");
  }
  CHECK(condition(1h) == "runs");
  go_on.raise();
  thread.join();
  CHECK(condition(1h) == "ended");
}
