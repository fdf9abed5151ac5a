// An output that does what none may: it throws, or answers what cannot be (more_than_all, rejects_others); it gives up
// (fatal), or hangs while it is made or destroyed (hangs_at_its_beginning, hangs_at_its_end).

#include <unistd.h>

#include "faults.hpp"
#include "trafficd/entry.hpp"

namespace trafficd {

namespace {

class Faulty final : public Output {
 public:
  Faulty(const ConfigNode& node, Host&) : fault_(fault_options().parse(node).fault) {
    while (fault_ == "hangs_at_its_beginning") ::pause();
  }
  ~Faulty() override {
    while (fault_ == "hangs_at_its_end") ::pause();
  }
  static Declarations declare() { return {fault_options().docs(), {}, {}}; }

  Status open() override {
    throw_if_wanted(fault_, "open");
    return Status::ok();
  }
  WriteResult write(std::span<const Sample> batch) override {
    throw_if_wanted(fault_, "write");
    if (fault_ == "more_than_all") return {batch.size() + 1'000'000, {}, {}, Status::ok()};
    if (fault_ == "rejects_others") return {batch.size(), {1'000'000, 1'000'000}, "not mine", Status::ok()};
    if (fault_ == "fatal") return WriteResult::failed(Status::fatal("write is beyond me"));
    return WriteResult::all(batch);
  }

 private:
  const std::string fault_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_OUTPUT(faulty, trafficd::Faulty, "Throws, or answers what cannot be.")
TRAFFICD_ENTRY(output, faulty)
