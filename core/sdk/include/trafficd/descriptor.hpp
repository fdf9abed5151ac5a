#pragma once
// How a plugin makes itself known: one plain-data record behind one C symbol, so that every mismatch is refused
// before any C++ of the library is called.

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "trafficd/host.hpp"
#include "trafficd/input.hpp"
#include "trafficd/options.hpp"
#include "trafficd/output.hpp"
#include "trafficd/stage.hpp"

/// Bumped on any change of layout or meaning in the SDK headers; a test holds their digest against it.
#define TRAFFICD_SDK 3

#if !defined(_GLIBCXX_USE_CXX11_ABI) || !_GLIBCXX_USE_CXX11_ABI
#define TRAFFICD_ABI other
#elif defined(_GLIBCXX_DEBUG)
#define TRAFFICD_ABI cxx11debug
#else
#define TRAFFICD_ABI cxx11
#endif
// GCC says it by a macro, clang by a feature.
#if defined(__SANITIZE_THREAD__)
#define TRAFFICD_FLAVOUR tsan
#elif defined(__SANITIZE_ADDRESS__)
#define TRAFFICD_FLAVOUR asan
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TRAFFICD_FLAVOUR tsan
#elif __has_feature(address_sanitizer)
#define TRAFFICD_FLAVOUR asan
#endif
#endif
#ifndef TRAFFICD_FLAVOUR
#define TRAFFICD_FLAVOUR plain
#endif

namespace trafficd {

enum class PluginType : std::uint8_t { input, stage, output };
std::string_view to_string(PluginType type);

/// What a plugin says of itself without any configuration.
struct Declarations {
  std::vector<OptionDoc> options;
  std::vector<MeasurementPtr> measurements{};  ///< what it can emit; empty when that depends on what comes in
  std::string notes{};                         ///< what it derives, when that depends on what comes in
  /// Of a stage: of a measurement with counters it makes another, called by the name and one of these, with fields of
  /// this kind under the names of the counters.
  std::vector<std::pair<std::string, Kind>> suffixes{};
  /// Of an output: what is not taken at once is of no use later, so nothing waits on disk unless a user wants it.
  bool live = false;
};

using InputInstance = std::variant<std::unique_ptr<PollInput>, std::unique_ptr<StreamInput>>;

struct PluginDescriptor {
  std::uint32_t size = sizeof(PluginDescriptor);
  std::uint32_t sdk = TRAFFICD_SDK;
  PluginType type;
  const char *name, *help;
  Declarations (*declare)();
  InputInstance (*make_input)(const ConfigNode&, Host&) = nullptr;  // exactly one of the three is set
  std::unique_ptr<Stage> (*make_stage)(const ConfigNode&, Host&) = nullptr;
  std::unique_ptr<Output> (*make_output)(const ConfigNode&, Host&) = nullptr;
};

/// Fills a descriptor for a class that has `static Declarations declare()` and a constructor
/// `(const ConfigNode&, Host&)`.
template <class Plugin>
PluginDescriptor describe_plugin(const char* name, const char* help) {
  PluginDescriptor d{.type = PluginType::input, .name = name, .help = help, .declare = &Plugin::declare};
  if constexpr (std::is_base_of_v<PollInput, Plugin>)
    d.make_input = [](const ConfigNode& node, Host& host) -> InputInstance {
      return std::unique_ptr<PollInput>(std::make_unique<Plugin>(node, host));
    };
  else if constexpr (std::is_base_of_v<StreamInput, Plugin>)
    d.make_input = [](const ConfigNode& node, Host& host) -> InputInstance {
      return std::unique_ptr<StreamInput>(std::make_unique<Plugin>(node, host));
    };
  else if constexpr (std::is_base_of_v<Stage, Plugin>) {
    d.type = PluginType::stage;
    d.make_stage = [](const ConfigNode& node, Host& host) -> std::unique_ptr<Stage> {
      return std::make_unique<Plugin>(node, host);
    };
  } else {
    static_assert(std::is_base_of_v<Output, Plugin>, "a plugin is a PollInput, StreamInput, Stage or Output");
    d.type = PluginType::output;
    d.make_output = [](const ConfigNode& node, Host& host) -> std::unique_ptr<Output> {
      return std::make_unique<Plugin>(node, host);
    };
  }
  return d;
}

}  // namespace trafficd

#define TRAFFICD_REGISTER(kind, name, Class, help)                                                          \
  extern "C" const ::trafficd::PluginDescriptor* trafficd_##kind##_##name();                                \
  extern "C" const ::trafficd::PluginDescriptor* trafficd_##kind##_##name() {                               \
    static const ::trafficd::PluginDescriptor descriptor = ::trafficd::describe_plugin<Class>(#name, help); \
    return &descriptor;                                                                                     \
  }

/// The last line of a plugin: `TRAFFICD_INPUT(wifi, Wifi, "Signal of wireless interfaces.")`.
#define TRAFFICD_INPUT(name, Class, help) TRAFFICD_REGISTER(input, name, Class, help)
#define TRAFFICD_STAGE(name, Class, help) TRAFFICD_REGISTER(stage, name, Class, help)
#define TRAFFICD_OUTPUT(name, Class, help) TRAFFICD_REGISTER(output, name, Class, help)
