// What a plugin does: it opens and closes again and again, and gives samples that fit what it declared.

#include <cmath>
#include <map>
#include <set>

#include "own_options.hpp"
#include "rules.hpp"
#include "traces.hpp"
#include "trafficd/testing/bench.hpp"
#include "trafficd/testing/golden.hpp"
#include "trafficd/units.hpp"

namespace trafficd::contract {

using namespace std::chrono_literals;
using testing::Bench;

namespace {

/// One configuration on its way: what is wrong, and what did not work, which may be this machine's fault.
struct Work {
  Faults faults;
  std::string trouble;
  std::size_t samples = 0;

  /// A failure is no fault as long as it says in one plain line what is wrong; but then this was no proof of the rest.
  void take(const Status& status) {
    if (status) return;
    const std::string& message = status.message();
    faults.unless(!message.empty(), "a failure has no message");
    faults.unless(message.find('\n') == std::string::npos, concat("a message has two lines: ", message));
    faults.unless(message.find('!') == std::string::npos, concat("a message shouts: ", message));
    trouble = message;
  }
};

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

/// The rules that hold for samples, whoever made them.
class SampleRules {
 public:
  explicit SampleRules(Faults& faults) : faults_(faults) {}

  void check(const Batch& batch) {
    std::map<std::pair<std::string, std::uint64_t>, SeriesPtr> lives;
    for (const Sample& sample : batch) {
      if (!sample.series) {
        faults_.add("a sample has no series");
        continue;
      }
      const Measurement& measurement = sample.series->measurement();
      const std::string& name = measurement.name();
      faults_.unless(sample.time > Timestamp{}, concat("a sample of '", name, "' has no time"));
      if (sample.values.size() != measurement.fields().size()) {
        faults_.add(concat("a sample of '", name, "' has not one value for each field"));
        continue;
      }
      for (std::size_t i = 0; i < sample.values.size(); ++i) check_value(sample, i);
      if (sample.epoch == 0) continue;
      const auto [life, fresh] = lives.try_emplace({name, sample.epoch}, sample.series);
      faults_.unless(fresh || life->second->same_identity(*sample.series),
                     concat("two series of '", name, "' share an epoch"));
    }
  }

 private:
  void check_value(const Sample& sample, std::size_t i) {
    const FieldSpec& field = sample.series->measurement().fields()[i];
    const Value& value = sample.values[i];
    const std::string what = concat("field '", field.name, "' of '", sample.series->measurement().name(), "'");
    if (value.type() == Value::Type::real) faults_.unless(std::isfinite(value.as_real()), what + " is not finite");
    if (field.kind == Kind::gauge || value.absent()) return;
    faults_.unless(value.is_unsigned(), concat(what, " is a ", to_string(field.kind), " and not unsigned"));
    if (field.kind == Kind::delta || !value.is_unsigned()) return;
    std::uint64_t& highest = totals_[{to_text(Sample{.series = sample.series}), sample.epoch, i}];
    faults_.unless(value.as_unsigned() >= highest, what + " falls within its epoch");
    highest = std::max(highest, value.as_unsigned());
  }

  Faults& faults_;
  std::map<std::tuple<std::string, std::uint64_t, std::size_t>, std::uint64_t> totals_;  // by series, epoch and field
};

void check_declared(Faults& faults, const std::vector<MeasurementPtr>& declared, const Batch& batch) {
  for (const Sample& sample : batch) {
    if (!sample.series) continue;
    const Measurement& measurement = sample.series->measurement();
    faults.unless(std::ranges::any_of(declared, [&](const auto& each) { return each->compatible(measurement); }),
                  concat("a sample of '", measurement.name(), "' does not fit any declared measurement"));
  }
}

void run_input(const PluginDescriptor& plugin, Bench& bench, Work& work) {
  SampleRules rules(work.faults);
  const auto look = [&] {
    rules.check(bench.samples());
    // What others make up is told in words.
    const Declarations declared = plugin.declare();
    if (!declared.measurements.empty()) check_declared(work.faults, declared.measurements, bench.samples());
    work.samples += bench.samples().size();
  };
  if (std::holds_alternative<std::unique_ptr<StreamInput>>(bench.input())) {
    work.take(bench.advance(3 * bench.host().interval()));
    look();
    return;
  }
  for (int step = 0; step < 3; ++step) {
    bench.clear();
    work.take(bench.collect());
    look();
    for (const Sample& sample : bench.samples())
      work.faults.unless(sample.time == bench.samples().front().time,
                         "the samples of one collect have different times");
    bench.clock().advance(bench.host().interval());
  }
}

/// Two interfaces, one of which restarts, and something without counters.
std::string traffic(int step) {
  const std::string time = std::to_string(1'700'000'000 + 10 * step) + "000000000";
  const std::string life = step < 3 ? "b1" : "b2";
  const auto total = [&](int scale) { return std::to_string((step % 3 + 1) * scale) + "c"; };
  return "lan/interface,interface=eth0;primary=yes rx_bytes=" + std::to_string(1000 * step) +
         "c,tx_bytes=" + std::to_string(10 * step) + "c,up=1g " + time + " a1\n" +
         "lan/interface,interface=eth1 rx_bytes=" + total(7) + ",tx_bytes=" + total(5) + ",up=0g " + time + " " + life +
         "*\n" + "box/weather,place=roof temperature=-21.5g " + time + " -\n";
}

void run_stage(const PluginDescriptor& plugin, Bench& bench, Work& work) {
  SampleRules rules(work.faults);
  const Declarations declared = plugin.declare();
  for (int step = 0; step < 6; ++step) {
    Batch batch = bench.lines().read(traffic(step));
    std::vector<MeasurementPtr> known = declared.measurements;
    for (const Sample& sample : batch) known.push_back(sample.series->measurement_ptr());
    bench.clear();
    bench.process(batch);
    work.take(bench.advance(10s));
    rules.check(bench.samples());
    // What is made of whatever comes in is told in words.
    if (declared.notes.empty()) check_declared(work.faults, known, bench.samples());
  }
  Batch nothing;
  bench.process(nothing);
  rules.check(nothing);
  work.samples = 1;
}

void check_result(Work& work, const WriteResult& result, std::size_t offered) {
  work.take(result.status);
  const bool possible = result.status.is_ok() ? result.written == offered : result.written <= offered;
  work.faults.unless(possible, concat("write says ", result.written, " of ", offered, " written, and ",
                                      result.status.is_ok() ? "that all went well" : "that it failed"));
  const std::set<std::size_t> indices(result.rejected.begin(), result.rejected.end());
  work.faults.unless(indices.size() == result.rejected.size(), "write rejects a sample twice");
  work.faults.unless(indices.empty() || *indices.rbegin() < result.written, "write rejects what it has not done with");
  work.faults.unless(indices.empty() || !result.reject_reason.empty(), "write rejects without a reason");
}

void run_output(Bench& bench, Work& work) {
  for (int step = 0; step < 6; ++step) {
    const Batch batch = bench.lines().read(traffic(step));
    const testing::CapturedOutput quiet;
    const WriteResult result = bench.write(batch);
    check_result(work, result, batch.size());
    work.samples += result.written - std::min(result.written, result.rejected.size());
    work.take(bench.advance(1min));
  }
  check_result(work, bench.write(Batch{}), 0);
}

void run(const PluginDescriptor& plugin, const Configuration& configuration, Work& work) {
  const Held before = held_now();
  Bench bench(plugin, configuration.yaml);
  furnish(bench);
  if (const Status status = bench.open(); !status) return work.take(status);
  switch (plugin.type) {
    case PluginType::input: run_input(plugin, bench, work); break;
    case PluginType::stage: run_stage(plugin, bench, work); break;
    case PluginType::output: run_output(bench, work); break;
  }
  work.faults.unless(held_now().threads == before.threads, "it has started a thread");
  if (work.trouble.empty() && work.samples == 0)
    work.trouble = plugin.type == PluginType::output ? "it writes nothing" : "it gives no samples";
}

/// Opens and closes three times, and once more without a close.
void live(const PluginDescriptor& plugin, const Configuration& configuration, Work& work) {
  const ConfigNode node = own_options(configuration.yaml);
  testing::TestHost host;
  const Held before = held_now();
  {
    testing::Instance instance(plugin, node, host);
    for (int round = 0; round < 3; ++round) {
      const Status status = instance.open();
      if (!status && round > 0) work.faults.add(concat("it does not open again: ", status.message()));
      work.take(status);
      if (status) instance.close();
      work.faults.unless(held_now() == before, status ? "close leaves a descriptor open or a thread running"
                                                      : "an open that failed leaves something open");
      if (!status) return;
    }
    work.take(instance.open());
  }
  work.faults.unless(held_now() == before, "the destructor of an open instance leaves something open");
}

/// Does it with every configuration; one at least must work from end to end, or nothing would be proved.
template <class Act>
Faults with_each(const Configurations& configurations, const Act& act) {
  Faults all;
  std::string trouble;
  bool worked = false;
  for (const Configuration& configuration : configurations) {
    Work work;
    try {
      act(configuration, work);
    } catch (const std::exception& error) {
      work.faults.add(concat("it throws: ", error.what()));
    }
    worked = worked || work.trouble.empty();
    if (trouble.empty()) trouble = work.trouble;
    all.add(configuration.name, work.faults);
  }
  all.unless(worked,
             concat("nothing shows that it works: ", trouble, "; bring a case that needs no network or rights"));
  return all;
}

}  // namespace

Faults life_faults(const PluginDescriptor& plugin, const Configurations& configurations) {
  return with_each(configurations, [&](const Configuration& each, Work& work) { live(plugin, each, work); });
}

Faults work_faults(const PluginDescriptor& plugin, const Configurations& configurations) {
  return with_each(configurations, [&](const Configuration& each, Work& work) { run(plugin, each, work); });
}

}  // namespace trafficd::contract
