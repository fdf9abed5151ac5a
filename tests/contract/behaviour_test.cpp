// What a plugin does: it reads its configuration and nothing else in the constructor, opens and closes again and again,
// and emits samples that fit what it declared.

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "contract.hpp"
#include "trafficd/testing/golden.hpp"

namespace trafficd::contract {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::Bench;

namespace {

/// Every open descriptor and what it leads to.
std::map<std::string, std::string> open_descriptors() {
  std::map<std::string, std::string> open;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (!gone && target.find("/fd") == std::string::npos) open[entry.path().filename().string()] = target;
  }
  return open;
}

/// A host as an instance would find it in a daemon that has something to tell.
void furnish(Bench& bench) {
  SelfReading reading;
  reading.instance = "archive";
  reading.role = "output";
  reading.plugin = "sqlite";
  reading.samples_in = 10;
  reading.dropped = 3;
  reading.losses = {{"stop", 3, testing::ManualClock::default_start, testing::ManualClock::default_start + 5s}};
  reading.own = {{"written_bytes", 77, true}, {"open_files", 2, false}};
  bench.host().set_self({reading});
}

/// The rules that hold for the samples of one step, whoever made them.
void check_samples(const Batch& batch) {
  std::map<std::pair<std::string, std::uint64_t>, SeriesPtr> lives;
  for (const Sample& sample : batch) {
    REQUIRE(sample.series != nullptr);
    INFO(to_text(sample));
    const Measurement& measurement = sample.series->measurement();
    REQUIRE(sample.values.size() == measurement.fields().size());
    CHECK(sample.time > Timestamp{});
    for (std::size_t i = 0; i < sample.values.size(); ++i) {
      INFO("field " << measurement.fields()[i].name);
      const Value& value = sample.values[i];
      if (measurement.fields()[i].kind == Kind::counter) CHECK((value.absent() || value.is_unsigned()));
      if (value.type() == Value::Type::real) CHECK(std::isfinite(value.as_real()));
    }
    if (sample.epoch == 0) continue;
    const auto [life, fresh] = lives.try_emplace({measurement.name(), sample.epoch}, sample.series);
    CHECK((fresh || life->second->same_identity(*sample.series)));
  }
}

void check_declared(const PluginDescriptor& plugin, const Batch& batch) {
  const std::vector<MeasurementPtr> declared = plugin.declare().measurements;
  if (declared.empty()) return;
  for (const Sample& sample : batch) {
    INFO(to_text(sample));
    CHECK(std::ranges::any_of(declared,
                              [&](const MeasurementPtr& m) { return m->compatible(sample.series->measurement()); }));
  }
}

/// Two interfaces, one of which restarts, and something without counters.
std::string traffic(int step) {
  const std::string time = std::to_string(1'700'000'000 + 10 * step) + "000000000";
  const std::string life = step < 3 ? "b1" : "b2";
  const auto total = [&](int scale) { return std::to_string(step * scale) + "c"; };
  return "lan/interface,interface=eth0;primary=yes rx_bytes=" + total(1000) + ",tx_bytes=" + total(10) + ",up=1g " +
         time + " a1\n" + "lan/interface,interface=eth1 rx_bytes=" + total(7) + ",tx_bytes=" + total(5) + ",up=0g " +
         time + " " + life + "*\n" + "box/weather,place=roof temperature=-21.5g " + time + " -\n";
}

/// An instance that cannot be opened on this machine says why in one plain line.
void check_refusal(const Status& status) {
  CHECK_FALSE(status.message().empty());
  CHECK(status.message().find('\n') == std::string::npos);
  CHECK(status.message().find('!') == std::string::npos);
}

void run_input(const TableEntry& plugin, Bench& bench) {
  furnish(bench);
  for (int step = 0; step < 3; ++step) {
    bench.clear();
    if (const Status status = bench.advance(step == 0 ? 0s : bench.host().interval()); !status) check_refusal(status);
    check_samples(bench.samples());
    check_declared(*plugin.descriptor, bench.samples());
    const bool poll = std::holds_alternative<std::unique_ptr<PollInput>>(bench.input());
    for (const Sample& sample : bench.samples())
      if (poll) CHECK(sample.time == bench.samples().front().time);
  }
}

void run_stage(Bench& bench) {
  for (int step = 0; step < 6; ++step) {
    Batch batch = bench.lines().read(traffic(step));
    bench.process(batch);
    check_samples(batch);
    CHECK(bench.advance(10s).is_ok());
  }
  Batch nothing;
  bench.process(nothing);
  check_samples(nothing);
}

void run_output(Bench& bench) {
  for (int step = 0; step < 6; ++step) {
    const Batch batch = bench.lines().read(traffic(step));
    WriteResult result;
    {
      const testing::CapturedOutput quiet;
      result = bench.write(batch);
    }
    CHECK(result.written <= batch.size());
    if (result.status.is_ok())
      CHECK(result.written == batch.size());
    else
      check_refusal(result.status);
    CHECK(std::ranges::is_sorted(result.rejected));
    for (const std::size_t index : result.rejected) CHECK(index < result.written);
    CHECK(bench.advance(1min).is_ok());
  }
  CHECK(bench.write(Batch{}).written == 0);
}

}  // namespace

TEST_CASE("the sample configuration is accepted and names its plugin") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  const std::string yaml = sample_yaml(plugin);
  CHECK(yaml.find(std::string("plugin: ") + plugin.descriptor->name) != std::string::npos);
  CHECK(yaml.starts_with('#'));
  try {
    Bench bench(*plugin.descriptor, yaml);
  } catch (const ConfigError& error) {
    FAIL_CHECK(error.what());
  }
}

TEST_CASE("an unknown option is refused at its key") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  const std::string yaml = sample_yaml(plugin) + "\nno_such_option: 1\n";
  const auto line = 1 + std::count(yaml.begin(), yaml.begin() + static_cast<long>(yaml.find("no_such")), '\n');
  bool refused = false;
  try {
    Bench bench(*plugin.descriptor, yaml);
  } catch (const ConfigError& error) {
    refused = true;
    REQUIRE(error.problems().size() == 1);
    const Problem& problem = error.problems()[0];
    CHECK(problem.mark.file == "test.yaml");
    CHECK(problem.mark.line == line);
    CHECK(problem.mark.column == 1);
    CHECK(problem.message.find("no_such_option") != std::string::npos);
  }
  CHECK(refused);
}

TEST_CASE("the constructor touches nothing") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  const std::string yaml = sample_yaml(plugin);
  const auto before = open_descriptors();
  {
    Bench bench(*plugin.descriptor, yaml);
    CHECK(open_descriptors() == before);
    CHECK(fs::is_empty(bench.host().state_folder()));
    CHECK(bench.host().state().keys().empty());
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("an instance opens again after it was closed, and leaves nothing open") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  const auto before = open_descriptors();
  {
    Bench bench(*plugin.descriptor, sample_yaml(plugin));
    for (int round = 0; round < 3; ++round) {
      if (const Status status = bench.open(); !status) check_refusal(status);
      bench.close();
      CHECK(open_descriptors() == before);
    }
    const Status left_open = bench.open();
    if (!left_open) check_refusal(left_open);
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("samples fit what was declared") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  Bench bench(*plugin.descriptor, sample_yaml(plugin));
  furnish(bench);
  if (const Status status = bench.open(); !status) {
    check_refusal(status);
    return;
  }
  switch (plugin.descriptor->type) {
    case PluginType::input: run_input(plugin, bench); break;
    case PluginType::stage: run_stage(bench); break;
    case PluginType::output: run_output(bench); break;
  }
}

}  // namespace trafficd::contract
