// A stage that does what none may: it throws, or makes samples into what is none (no_series, no_fields).

#include "faults.hpp"
#include "trafficd/entry.hpp"

namespace trafficd {

namespace {

class Faulty final : public Stage {
 public:
  Faulty(const ConfigNode& node, Host&) : fault_(fault_options().parse(node).fault) {}
  static Declarations declare() { return {fault_options().docs(), {}, {}}; }

  Status open() override {
    throw_if_wanted(fault_, "open");
    return Status::ok();
  }
  void process(Batch& batch) override {
    throw_if_wanted(fault_, "process");
    for (Sample& sample : batch) {
      if (fault_ == "no_series") sample.series = nullptr;
      if (fault_ == "no_fields") sample.values.clear();
    }
  }

 private:
  const std::string fault_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_STAGE(faulty, trafficd::Faulty, "Throws, or makes samples into what is none.")
TRAFFICD_ENTRY(stage, faulty)
