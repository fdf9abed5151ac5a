#include "engine/advice.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "engine/declared_names.hpp"
#include "engine/given_options.hpp"

namespace trafficd {

namespace {

class Adviser {
 public:
  Adviser(const Settings& settings, Catalog& catalog, const std::filesystem::path& file)
      : settings_(settings), catalog_(catalog) {
    struct stat info {};
    // Its group may be the service's.
    public_ = stat(file.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0;
  }

  Problems all(const std::filesystem::path& spools) {
    for (const InstanceSettings& input : settings_.inputs) {
      look_at(PluginType::input, input);
      look_at_tags(input);
    }
    for (const OutputSettings& output : settings_.outputs) look_at(PluginType::output, output);
    for (const PipelineSettings& pipeline : settings_.pipelines) {
      for (const InstanceSettings& stage : pipeline.stages) look_at(PluginType::stage, stage);
      look_at_names(pipeline);
    }
    look_for_unused();
    look_for_orphans(spools);
    return std::move(advice_);
  }

 private:
  void look_at(PluginType type, const InstanceSettings& instance) {
    const auto plugin = catalog_.find(type, instance.plugin);
    if (!plugin) return;
    visit_given((*plugin)->declared.options, instance.node, [this](const OptionDoc& option, const ConfigNode& node) {
      if (option.type == OptionDoc::Type::secret)
        look_at_secret(node);
      else if (option.existing_path)
        look_for(node);
    });
  }

  /// A tag that says which thing is meant stays as the plugin gives it, and one that is called like a field is hard to
  /// ask for.
  void look_at_tags(const InstanceSettings& input) {
    const auto plugin = catalog_.find(PluginType::input, input.plugin);
    if (!plugin) return;
    const Declarations& declared = (*plugin)->declared;
    for (const Tag& tag : input.tags) {
      const auto meets = [&](const MeasurementPtr& measurement) {
        return std::ranges::find(measurement->identity(), tag.key) != measurement->identity().end() ||
               measurement->field(tag.key);
      };
      if (std::ranges::any_of(declared.measurements, meets))
        detail::add_problem(advice_, input.node,
                            concat("the tag '", tag.key,
                                   "' is called like one of the plugin's own tags or fields, and "
                                   "may be lost; choose another name"));
    }
  }

  void look_at_secret(const ConfigNode& node) {
    if (const ConfigNode* file = node.find("file")) look_for(*file);
    if (node.text.empty() || node.from_environment) return;
    detail::add_problem(
        advice_, node,
        concat("a secret in plain text", public_ ? " in a file that every user of this machine can read" : "",
               "; write { file: PATH }, { credential: NAME } or { env: NAME }", public_ ? ", or 'chmod o-r' it" : ""));
  }

  /// A relative path means what the plugin takes it for, and the service may have rights that this user lacks.
  void look_for(const ConfigNode& path) {
    if (!path.text.starts_with('/') || access(path.text.c_str(), R_OK) == 0) return;
    detail::add_problem(advice_, path,
                        concat("'", path.text, "' cannot be read by this user: ",
                               std::generic_category().message(errno), "; the user of the service must be able to"));
  }

  /// Patterns for what does not come through this pipeline do nothing, and say nothing either.
  void look_at_names(const PipelineSettings& pipeline) {
    DeclaredNames names(settings_, catalog_, pipeline);
    for (const InstanceSettings& stage : pipeline.stages) {
      const auto plugin = catalog_.find(PluginType::stage, stage.plugin);
      if (!plugin) return;
      const Declarations& declared = (*plugin)->declared;
      visit_given(declared.options, stage.node,
                  [&](const OptionDoc& option, const ConfigNode& node) { hold_against(names, option.fits, node); });
      names.add_stage(declared);
    }
    for (const RouteSettings& route : pipeline.outputs)
      visit_given(route_options(), route.node,
                  [&](const OptionDoc& option, const ConfigNode& node) { hold_against(names, option.fits, node); });
  }

  void hold_against(const DeclaredNames& names, OptionDoc::Fits what, const ConfigNode& node) {
    if (what != OptionDoc::Fits::nothing)
      for (const ConfigEntry& tag : node.entries)
        if (const std::string fault = names.tag_fault(tag.key); !fault.empty())
          advice_.push_back({tag.mark, tag.value.path, fault});
    if (const std::string fault = names.fault(what, node.text); !fault.empty())
      detail::add_problem(advice_, node, fault);
  }

  void look_for_unused() {
    const auto used = [this](const std::string& id) {
      return std::ranges::any_of(settings_.pipelines, [&](const PipelineSettings& pipeline) {
        return std::ranges::find(pipeline.inputs, id) != pipeline.inputs.end() ||
               std::ranges::find(pipeline.outputs, id, &RouteSettings::to) != pipeline.outputs.end();
      });
    };
    const auto look = [&](const InstanceSettings& instance) {
      if (!used(instance.id))
        detail::add_problem(advice_, instance.node, "is in no pipeline, so it does nothing; name it in one");
    };
    std::ranges::for_each(settings_.inputs, look);
    std::ranges::for_each(settings_.outputs, look);
  }

  /// Samples that wait on disk for an output that got another name, or was told to keep nothing there.
  void look_for_orphans(const std::filesystem::path& spools) {
    std::error_code error;
    for (std::filesystem::directory_iterator each(spools, error), end; !error && each != end; each.increment(error)) {
      const std::string id = each->path().filename();
      const auto output = std::ranges::find(settings_.outputs, id, &OutputSettings::id);
      const bool there = output != settings_.outputs.end();
      std::error_code unreadable;
      if ((there && output->spool.mode != SpoolSettings::Mode::off) ||
          std::filesystem::is_empty(each->path(), unreadable) || unreadable)
        continue;
      advice_.push_back({there ? output->node.mark : Mark{}, concat("outputs.", id),
                         concat("samples wait in '", each->path(), "' for ",
                                there ? "this output, which has its spool switched off; switch it on"
                                      : "an output of this name; give it the name again",
                                " to deliver them, or remove the folder")});
    }
  }

  const Settings& settings_;
  Catalog& catalog_;
  bool public_ = false;
  Problems advice_;
};

}  // namespace

Problems advice(const Settings& settings, Catalog& catalog, const std::filesystem::path& file,
                const std::filesystem::path& state) {
  return Adviser(settings, catalog, file).all(state / "spool");
}

}  // namespace trafficd
