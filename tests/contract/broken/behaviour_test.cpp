// The rules on what a plugin does, held against plugins that do it wrong.

#include <limits>
#include <thread>

#include "good.hpp"

namespace trafficd::contract {

namespace {

const Configurations sample = {{"sample", "plugin: weather\n"}};

Faults life_rule(const PluginDescriptor& plugin) { return life_faults(plugin, sample); }
Faults work_rule(const PluginDescriptor& plugin) { return work_faults(plugin, sample); }

struct NeverOpens : GoodInput {
  using GoodInput::GoodInput;
  Status open() override { return Status::retry("the window is shut: open it"); }
};
struct OpensOnce : GoodInput {
  using GoodInput::GoodInput;
  Status open() override { return opened_++ == 0 ? GoodInput::open() : Status::fatal("it is open already"); }
  int opened_ = 0;
};
/// Leaks, so the tests close behind it.
struct NeverCloses : GoodInput {
  using GoodInput::GoodInput;
  void close() noexcept override { left.push_back(std::exchange(fd_, -1)); }
  static inline std::vector<int> left;
};
struct LeaksAtTheEnd : GoodInput {
  using GoodInput::GoodInput;
  ~LeaksAtTheEnd() override { left.push_back(std::exchange(fd_, -1)); }
  static inline std::vector<int> left;
};
struct FailsOpen : GoodInput {
  using GoodInput::GoodInput;
  Status open() override { return (void)GoodInput::open(), Status::retry("no rights"); }
};
struct OpenThrows : GoodInput {
  using GoodInput::GoodInput;
  Status open() override { throw std::runtime_error("broken glass"); }
};
template <int Number>
struct BadMessage : GoodInput {
  using GoodInput::GoodInput;
  Status collect(Batch& out) override {
    (void)GoodInput::collect(out);
    return asked_++ > 0 ? Status::ok() : Status::retry(Number == 0 ? "" : Number == 1 ? "two\nlines" : "rain!");
  }
  int asked_ = 0;
};

struct Silent : GoodInput {
  using GoodInput::GoodInput;
  Status collect(Batch&) override { return Status::ok(); }
};
struct AlwaysFails : GoodInput {
  using GoodInput::GoodInput;
  Status collect(Batch& out) override { return (void)GoodInput::collect(out), Status::retry("fog"); }
};

/// Spoils each sample.
template <void (*spoil)(Sample&)>
struct Spoiled : GoodInput {
  using GoodInput::GoodInput;
  Status collect(Batch& out) override {
    out.push_back(sample(config_.place, 7));
    spoil(out.back());
    return Status::ok();
  }
};
void take_series(Sample& each) { each.series = nullptr; }
void take_time(Sample& each) { each.time = {}; }
void take_value(Sample& each) { each.values.pop_back(); }
void negative_counter(Sample& each) { each.values[0] = -1; }
void real_counter(Sample& each) { each.values[0] = 1.0; }
void negative_delta(Sample& each) { each.values[1] = -1; }
void real_delta(Sample& each) { each.values[1] = 2.5; }
void no_number(Sample& each) { each.values[2] = std::numeric_limits<double>::quiet_NaN(); }
void too_great(Sample& each) { each.values[2] = std::numeric_limits<double>::infinity(); }
void falling(Sample& each) { each.values[0] = 1'000 - each.values[0].as_unsigned(); }
void absent(Sample& each) { each.values = {Value(), Value(), Value()}; }

struct TwoTimes : GoodInput {
  using GoodInput::GoodInput;
  Status collect(Batch& out) override {
    out = {sample("roof", 7), sample("cellar", 8)};
    out.back().time += std::chrono::milliseconds(1);
    return Status::ok();
  }
};
struct SharedEpoch : GoodInput {
  using GoodInput::GoodInput;
  Status collect(Batch& out) override {
    out = {sample("roof", 7), sample("cellar", 7)};
    return Status::ok();
  }
};
struct Undeclared : GoodInput {
  using GoodInput::GoodInput;
  static Declarations declare() {
    const MeasurementPtr other =
        make_measurement("weather", "It.", {{"drops", Kind::counter, "", "Drops."}}, {"place"});
    return {good_options().docs(), {other}, {}};
  }
};
struct Threaded : GoodInput {
  using GoodInput::GoodInput;
  Status open() override {
    thread_ = std::jthread([](const std::stop_token& stop) {
      while (!stop.stop_requested()) std::this_thread::yield();
    });
    return GoodInput::open();
  }
  std::jthread thread_;
};
struct Stream : StreamInput {
  Stream(const ConfigNode& node, Host& host) : good_(node, host) {}
  static Declarations declare() { return GoodInput::declare(); }
  Status run(std::stop_token, Emitter& emitter) override {
    Batch batch;
    Status status = good_.collect(batch);
    emitter.emit(batch);
    return status;
  }
  GoodInput good_;
};
struct SilentStream : Stream {
  using Stream::Stream;
  Status run(std::stop_token, Emitter&) override { return Status::ok(); }
};

/// Makes of each batch a sample that it did not tell of.
struct Inventive : GoodStage {
  Inventive(const ConfigNode& node, Host& host) : GoodStage(node, host), host_(host) {}
  void process(Batch& batch) override {
    if (!batch.empty()) batch.push_back({.series = made(), .time = batch.front().time, .values = {1}});
  }
  SeriesPtr made() const {
    return host_.series(make_measurement("guess", "A guess.", {{"right", Kind::gauge, "1", "It."}}, {}), {});
  }
  Host& host_;
};
struct InventiveAndTold : Inventive {
  using Inventive::Inventive;
  static Declarations declare() { return {good_options().docs(), {}, "Makes guesses."}; }
};
struct Truncating : GoodStage {
  using GoodStage::GoodStage;
  void process(Batch& batch) override {
    for (Sample& each : batch) each.values.resize(1);
  }
};

template <WriteResult (*answer)(std::span<const Sample>)>
struct Answering : GoodOutput {
  using GoodOutput::GoodOutput;
  WriteResult write(std::span<const Sample> batch) override {
    return batch.empty() ? WriteResult::all(batch) : answer(batch);
  }
};
WriteResult too_many(std::span<const Sample> batch) { return {batch.size() + 1, {}, {}, Status::ok()}; }
WriteResult too_few(std::span<const Sample> batch) { return {batch.size() - 1, {}, {}, Status::ok()}; }
WriteResult none(std::span<const Sample>) { return WriteResult::failed(Status::retry("nobody answers")); }
WriteResult twice(std::span<const Sample> batch) { return {batch.size(), {1, 1}, "bad", Status::ok()}; }
WriteResult beyond(std::span<const Sample> batch) { return {batch.size(), {batch.size()}, "bad", Status::ok()}; }
WriteResult no_reason(std::span<const Sample> batch) { return {batch.size(), {1}, "", Status::ok()}; }
WriteResult nothing_good(std::span<const Sample> batch) { return {batch.size(), {0, 1, 2}, "bad", Status::ok()}; }
WriteResult all_lost(std::span<const Sample>) { throw std::runtime_error("the wire is cut"); }

void close_all(std::vector<int>& descriptors) {
  for (const int descriptor : descriptors) ::close(descriptor);
  descriptors.clear();
}

}  // namespace

TEST_CASE("a plugin that does not open, close or open again is found") {
  require_found(life_rule, {{described<GoodInput>(), ""},
                            {described<GoodStage>(), ""},
                            {described<GoodOutput>(), ""},
                            {described<Stream>(), ""},
                            {described<NeverOpens>(), "nothing shows that it works: the window is shut"},
                            {described<OpenThrows>(), "it throws: broken glass"},
                            {described<LeaksAtTheEnd>(), "the destructor of an open instance leaves something open"}});
  CHECK(life_rule(described<NeverCloses>()).text().find("close leaves a descriptor open") != std::string::npos);
  CHECK(life_rule(described<OpensOnce>()).text().find("it does not open again") != std::string::npos);
  CHECK(life_rule(described<FailsOpen>()).text().find("an open that failed leaves something") != std::string::npos);
  close_all(NeverCloses::left);
  close_all(LeaksAtTheEnd::left);
}

TEST_CASE("a plugin that a case can open may fail with its sample, but must say why") {
  struct NeedsHeight : GoodInput {
    using GoodInput::GoodInput;
    Status open() override { return config_.height == 7 ? GoodInput::open() : Status::retry("give 'height'"); }
  };
  const Configurations both = {{"sample", "plugin: weather\n"}, {"case high", "height: 7\n"}};
  const PluginDescriptor plugin = described<NeedsHeight>();
  CHECK(life_faults(plugin, both).text() == "");
  CHECK(work_faults(plugin, both).text() == "");
  CHECK(work_faults(plugin, {both[0]}).text().find("nothing shows that it works") != std::string::npos);
}

TEST_CASE("an input that gives nothing, or what it must not, is found") {
  require_found(work_rule,
                {{described<GoodInput>(), ""},
                 {described<Stream>(), ""},
                 {described<Spoiled<absent>>(), ""},
                 {described<NeverOpens>(), "nothing shows that it works: the window is shut"},
                 {described<Silent>(), "nothing shows that it works: it gives no samples"},
                 {described<SilentStream>(), "nothing shows that it works: it gives no samples"},
                 {described<AlwaysFails>(), "nothing shows that it works: fog"},
                 {described<Spoiled<take_series>>(), "a sample has no series"},
                 {described<Spoiled<take_time>>(), "has no time"},
                 {described<Spoiled<take_value>>(), "has not one value for each field"},
                 {described<Spoiled<negative_counter>>(), "'drops' of 'weather' is a counter and not unsigned"},
                 {described<Spoiled<real_counter>>(), "'drops' of 'weather' is a counter and not unsigned"},
                 {described<Spoiled<negative_delta>>(), "'gusts' of 'weather' is a delta and not unsigned"},
                 {described<Spoiled<real_delta>>(), "'gusts' of 'weather' is a delta and not unsigned"},
                 {described<Spoiled<no_number>>(), "'temperature' of 'weather' is not finite"},
                 {described<Spoiled<too_great>>(), "'temperature' of 'weather' is not finite"},
                 {described<Spoiled<falling>>(), "'drops' of 'weather' falls within its epoch"},
                 {described<TwoTimes>(), "different times"},
                 {described<SharedEpoch>(), "two series of 'weather' share an epoch"},
                 {described<Undeclared>(), "a sample of 'weather' does not fit any declared measurement"},
                 {described<Threaded>(), "it has started a thread"}});
  CHECK(work_rule(described<BadMessage<0>>()).text().find("has no message") != std::string::npos);
  CHECK(work_rule(described<BadMessage<1>>()).text().find("two lines") != std::string::npos);
  CHECK(work_rule(described<BadMessage<2>>()).text().find("shouts") != std::string::npos);
}

TEST_CASE("a stage that makes what it did not tell of, or spoils samples, is found") {
  require_found(work_rule, {{described<GoodStage>(), ""},
                            {described<InventiveAndTold>(), ""},
                            {described<Inventive>(), "a sample of 'guess' does not fit any declared measurement"}});
  CHECK(work_rule(described<Truncating>()).text().find("not one value for each field") != std::string::npos);
}

TEST_CASE("an output that does not say honestly what it wrote is found") {
  require_found(work_rule, {{described<GoodOutput>(), ""},
                            {described<Answering<too_many>>(), "write says 4 of 3 written"},
                            {described<Answering<too_few>>(), "write says 2 of 3 written"},
                            {described<Answering<none>>(), "nothing shows that it works: nobody answers"},
                            {described<Answering<nothing_good>>(), "nothing shows that it works: it writes nothing"},
                            {described<Answering<twice>>(), "rejects a sample twice"},
                            {described<Answering<beyond>>(), "rejects what it has not done with"},
                            {described<Answering<no_reason>>(), "rejects without a reason"},
                            {described<Answering<all_lost>>(), "it throws: the wire is cut"}});
}

}  // namespace trafficd::contract
