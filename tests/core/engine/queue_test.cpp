#include "engine/queue.hpp"

#include <thread>

#include "catch.hpp"
#include "engine_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

std::shared_ptr<const Batch> batch_of(const SeriesPtr& series, int from, int count) {
  auto batch = std::make_shared<Batch>();
  for (int i = from; i < from + count; ++i) batch->push_back(make_sample(series, i, static_cast<std::uint64_t>(i)));
  return batch;
}

}  // namespace

TEST_CASE("a queue gives back what it got, in order, up to the asked size") {
  auto meter = std::make_shared<InstanceMeter>("q", "output", "");
  SampleQueue<const Batch> queue(1000, meter);
  for (int i = 0; i < 10; ++i) queue.push(batch_of(link("a"), i * 10, 10));
  CHECK(meter->queue == 100);
  CHECK(queue.take(25).size() == 2);
  CHECK(queue.take(1).size() == 1);  // the first whatever its size
  CHECK(queue.size() == 70);
  CHECK(queue.take(1000).front()->front().time == Timestamp(std::chrono::seconds(30)));
  CHECK(queue.take(1000).empty());
}

TEST_CASE("a full queue never blocks, thins, and accounts for every sample") {
  auto meter = std::make_shared<InstanceMeter>("q", "output", "");
  SampleQueue<const Batch> queue(200, meter);
  const SeriesPtr a = link("a");
  for (int i = 0; i < 500; ++i) queue.push(batch_of(a, i * 10, 10));
  CHECK(queue.size() <= 200);
  std::uint64_t left = 0, newest = 0;
  for (const auto& batch : queue.take(10'000)) {
    left += batch->size();
    newest = batch->back().values[0].as_unsigned();
  }
  CHECK(newest == 4999);
  const SelfReading reading = meter->reading();
  CHECK(left + reading.dropped == 5000);
  REQUIRE(reading.losses.size() == 1);
  CHECK(reading.losses[0].reason == "thinned");
  CHECK(reading.losses[0].samples == reading.dropped);
}

TEST_CASE("what was taken can be put back to the front") {
  auto meter = std::make_shared<InstanceMeter>("q", "output", "");
  SampleQueue<const Batch> queue(100, meter);
  for (int i = 0; i < 3; ++i) queue.push(batch_of(link("a"), i * 10, 10));
  auto taken = queue.take(20);
  queue.push(batch_of(link("a"), 30, 10));
  queue.put_back(taken);
  CHECK(meter->queue == 40);
  for (int i = 0; i < 4; ++i) CHECK(queue.take(1).front()->front().time == Timestamp(std::chrono::seconds(i * 10)));

  SECTION("more than there is room for is thinned") {
    queue.push(batch_of(link("a"), 0, 90));
    taken = queue.take(90);
    queue.push(batch_of(link("a"), 90, 60));
    queue.put_back(taken);
    CHECK(queue.size() <= 100);
    CHECK(queue.size() + meter->reading().dropped == 150);
    std::uint64_t newest = 0;
    for (const auto& batch : queue.take(1'000)) newest = batch->back().values[0].as_unsigned();
    CHECK(newest == 149);
  }
}

TEST_CASE("the taker wakes for enough samples, for the deadline and for the stop") {
  auto meter = std::make_shared<InstanceMeter>("q", "output", "");
  SampleQueue<const Batch> queue(1000, meter);
  std::stop_source stop;
  CHECK(queue.wait(1, std::chrono::steady_clock::now(), stop.get_token()) == 0);

  std::jthread pusher([&] {
    for (int i = 0; i < 50; ++i) queue.push(batch_of(link("a"), i, 1));
  });
  CHECK(queue.wait(50, std::nullopt, stop.get_token()) == 50);

  std::jthread stopper([&] { stop.request_stop(); });
  CHECK(queue.wait(1000, std::nullopt, stop.get_token()) == 50);
}

TEST_CASE("who watches a queue sleeps until the alarm, also one that is set when it is long enough already") {
  auto meter = std::make_shared<InstanceMeter>("q", "output", "");
  SampleQueue<const Batch> queue(1000, meter);
  std::atomic<int> woken = 0;
  std::jthread watcher([&](const std::stop_token& stop) {
    while (queue.watch(SteadyTime::max(), stop), !stop.stop_requested()) {
      queue.set_alarm(std::numeric_limits<std::size_t>::max());
      ++woken;
    }
  });
  const auto wait_until_woken = [&](int times) {
    while (woken < times) std::this_thread::yield();
  };
  queue.push(batch_of(link("a"), 0, 10));
  queue.set_alarm(20);
  queue.push(batch_of(link("a"), 10, 5));
  CHECK(woken == 0);
  queue.push(batch_of(link("a"), 15, 5));
  wait_until_woken(1);
  queue.push(batch_of(link("a"), 20, 5));
  CHECK(woken == 1);
  queue.set_alarm(25);
  wait_until_woken(2);
}

TEST_CASE("what is lost altogether is told with its range; for what is thinned nobody is disturbed") {
  auto meter = std::make_shared<InstanceMeter>("q", "output", "");
  Given told;
  SampleQueue<const Batch> queue(100, meter, [&](const Given& lost) { told.add(lost); });
  for (int i = 0; i < 30; ++i) queue.push(batch_of(link("a"), i * 10, 10));
  CHECK(told.samples == 0);
  for (int i = 0; i < 150; ++i) queue.push(batch_of(link(concat("b", i)), 1'000 + i, 1));
  CHECK(told.samples > 0);
  CHECK(told.first == Timestamp(std::chrono::seconds(299)));  // the newest of its life, the others were thinned
  std::uint64_t counted = 0;
  for (const auto& loss : meter->reading().losses) counted += loss.reason == "queue_full" ? loss.samples : 0;
  CHECK(told.samples == counted);
}
