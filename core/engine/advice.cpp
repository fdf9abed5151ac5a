#include "engine/advice.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace trafficd {

namespace {

class Adviser {
 public:
  explicit Adviser(const std::filesystem::path& file) {
    struct stat info {};
    // Its group may be the service's.
    public_ = stat(file.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0;
  }

  void look_at(const std::vector<OptionDoc>& options, const ConfigNode& node) {
    for (const OptionDoc& option : options) {
      const ConfigNode* given = node.find(option.name);
      if (!given) continue;
      for (const ConfigNode& each : option.list ? detail::sequence_items(*given) : std::vector<ConfigNode>{*given}) {
        if (option.type == OptionDoc::Type::block)
          look_at(option.nested, each);
        else if (option.type == OptionDoc::Type::secret)
          look_at_secret(each);
        else if (option.existing_path)
          look_for(each);
      }
    }
  }

  Problems advice;

 private:
  void look_at_secret(const ConfigNode& node) {
    if (const ConfigNode* file = node.find("file")) look_for(*file);
    if (node.text.empty() || node.from_environment) return;
    detail::add_problem(
        advice, node,
        concat("a secret in plain text", public_ ? " in a file that every user of this machine can read" : "",
               "; write { file: PATH }, { credential: NAME } or { env: NAME }", public_ ? ", or 'chmod o-r' it" : ""));
  }

  /// A relative path means what the plugin takes it for, and the service may have rights that this user lacks.
  void look_for(const ConfigNode& path) {
    if (!path.text.starts_with('/') || access(path.text.c_str(), R_OK) == 0) return;
    detail::add_problem(advice, path,
                        concat("'", path.text, "' cannot be read by this user: ",
                               std::generic_category().message(errno), "; the user of the service must be able to"));
  }

  bool public_ = false;
};

}  // namespace

Problems advice(const Settings& settings, Catalog& catalog, const std::filesystem::path& file) {
  Adviser adviser(file);
  const auto look_at = [&](PluginType type, const InstanceSettings& instance) {
    if (const auto plugin = catalog.find(type, instance.plugin))
      adviser.look_at((*plugin)->declare().options, instance.node);
  };
  for (const InstanceSettings& input : settings.inputs) look_at(PluginType::input, input);
  for (const OutputSettings& output : settings.outputs) look_at(PluginType::output, output);
  for (const PipelineSettings& pipeline : settings.pipelines)
    for (const InstanceSettings& stage : pipeline.stages) look_at(PluginType::stage, stage);
  return std::move(adviser.advice);
}

}  // namespace trafficd
