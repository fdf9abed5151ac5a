// An input that does what none may: it throws, or gives what is no sample (no_series, too_few_fields, too_many_fields).

#include "faults.hpp"
#include "trafficd/entry.hpp"

namespace trafficd {

namespace {

const MeasurementPtr& measurement() {
  static const MeasurementPtr made =
      make_measurement("faulty", "What nobody should believe.", {{"bytes", Kind::counter, "By", "Bytes."}}, {});
  return made;
}

class Faulty final : public PollInput {
 public:
  Faulty(const ConfigNode& node, Host& host) : fault_(fault_options().parse(node).fault), host_(host) {}
  static Declarations declare() { return {fault_options().docs(), {measurement()}, {}}; }

  Status open() override {
    throw_if_wanted(fault_, "open");
    return Status::ok();
  }
  Status collect(Batch& out) override {
    const SeriesPtr series = fault_ == "no_series" ? nullptr : host_.series(measurement(), {});
    out.push_back({series, host_.clock().now(), 1, false, false, {}});
    if (fault_ == "too_many_fields") out.back().values = {Value(1), Value(2)};
    throw_if_wanted(fault_, "collect");
    return Status::ok();
  }

 private:
  const std::string fault_;
  Host& host_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_INPUT(faulty, trafficd::Faulty, "Throws, or gives what is no sample.")
TRAFFICD_ENTRY(input, faulty)
