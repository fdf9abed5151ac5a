// Traffic of each device on a link, by looking at the packets that pass it: those of live interfaces, or of recorded
// captures.

#include "recording.hpp"
#include "watch.hpp"

namespace trafficd::pcap_input {

namespace {

Declarations declarations() {
  return {.options = options().docs(),
          .measurements = {device_measurement(), capture_measurement(), protocol_measurement(), remote_measurement(),
                           http_measurement()}};
}

InputInstance make(const ConfigNode& node, Host& host) {
  const Config config = options().parse(node);
  if (config.files.empty()) return std::unique_ptr<StreamInput>(std::make_unique<Watch>(config, host));
  return std::unique_ptr<StreamInput>(std::make_unique<Recording>(config, host));
}

}  // namespace
}  // namespace trafficd::pcap_input

// Not by TRAFFICD_INPUT: which kind of input it is, its options say.
extern "C" const trafficd::PluginDescriptor* trafficd_input_pcap();
extern "C" const trafficd::PluginDescriptor* trafficd_input_pcap() {
  using namespace trafficd;
  static const PluginDescriptor descriptor{
      .type = PluginType::input,
      .name = "pcap",
      .help = "Traffic of each device on a link, from live interfaces or recorded captures.",
      .declare = pcap_input::declarations,
      .make_input = pcap_input::make};
  return &descriptor;
}
