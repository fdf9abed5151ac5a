// An input that starts well, loses its source and cannot open it again for a while: that is no failure to start.

#include "trafficd/entry.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

class Fading final : public StreamInput {
 public:
  Fading(const ConfigNode&, Host& host) : host_(host) {}
  static Declarations declare() { return {}; }
  Status open() override {
    if (opened_++ == 0) return Status::ok();
    host_.log().info(concat("open number ", opened_));
    return at_once(Status::retry("the source is gone"));
  }
  Status run(std::stop_token, Emitter&) override { return at_once(Status::retry("the source is lost")); }

 private:
  /// Not again and again without a breath, but soon enough for a test.
  static Status at_once(Status status) { return status.not_before(std::chrono::milliseconds(50)); }

  Host& host_;
  int opened_ = 0;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_INPUT(fading, trafficd::Fading, "Opens once and never again.")
TRAFFICD_ENTRY(input, fading)
