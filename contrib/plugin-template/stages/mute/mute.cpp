// Takes out the samples of measurements that nobody wants.

#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

struct Config {
  std::vector<std::string> unwanted;
};

Options<Config> options() {
  return Options<Config>{}.add("unwanted", &Config::unwanted, "Measurements to take out: names with `*`, `?`, `[…]`.");
}

class Mute final : public Stage {
 public:
  Mute(const ConfigNode& node, Host&) : config_(options().parse(node)) {}

  static Declarations declare() { return {options().docs(), {}, "Makes no measurements of its own."}; }

  void process(Batch& batch) override {
    std::erase_if(batch, [this](const Sample& sample) {
      return glob_match(config_.unwanted, sample.series->measurement().name());
    });
  }

 private:
  const Config config_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_STAGE(mute, trafficd::Mute, "Takes out samples of unwanted measurements.")
