#include "daemon/commands/describe.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "daemon/configuration.hpp"
#include "engine/catalog.hpp"
#include "engine/document.hpp"
#include "engine/schema.hpp"

namespace trafficd {

namespace {

struct DescribeOptions {
  std::vector<std::string> names, folders;
  bool json = false, markdown = false, schema = false;
};

constexpr PluginType kinds[] = {PluginType::input, PluginType::stage, PluginType::output};

void complain(const std::string& message) {
  std::fprintf(stderr, "trafficd describe: %s\n", printable(message).c_str());
}

Catalog make_catalog(const DescribeOptions& options) {
  return Catalog({options.folders.begin(), options.folders.end()}, default_plugin_folders());
}

std::string unknown(const Catalog& catalog, const std::string& name) {
  std::vector<std::string> known;
  for (const PluginType kind : kinds)
    for (const std::string& each : catalog.names(kind)) {
      known.push_back(each);
      known.push_back(concat(to_string(kind), "/", each));
    }
  const std::string near = nearest(name, known);
  return concat("there is no plugin '", name, "'",
                near.empty() ? "; 'trafficd describe' lists them all" : concat(", did you mean '", near, "'?"));
}

/// The plugins of that name, which may be `interface` or `input/interface`; false when there is none, or one that
/// cannot be loaded.
bool find(Catalog& catalog, const std::string& name, Plugins& found) {
  bool good = true, any = false;
  for (const PluginType kind : kinds) {
    const std::string prefix = concat(to_string(kind), "/");
    const std::string plain = name.starts_with(prefix) ? name.substr(prefix.size()) : name;
    const std::vector<std::string> names = catalog.names(kind);
    if (std::ranges::find(names, plain) == names.end()) continue;
    any = true;
    if (auto plugin = catalog.find(kind, plain)) {
      found.push_back(*plugin);
    } else {
      complain(plugin.error());
      good = false;
    }
  }
  if (!any) complain(unknown(catalog, name));
  return any && good;
}

std::string render(const DescribeOptions& options, const Plugins& plugins) {
  if (options.schema) return configuration_schema(plugins);
  if (options.json) return json_document(plugins, options.names.empty());
  if (options.names.empty()) return options.markdown ? markdown_document(plugins) : plain_overview(plugins);
  std::string out;
  for (const KnownPlugin* plugin : plugins)
    out += (out.empty() ? "" : "\n") + (options.markdown ? markdown_tables(*plugin) : plain_text(*plugin));
  return out;
}

int describe(const DescribeOptions& options) {
  Catalog catalog = make_catalog(options);
  Plugins plugins;
  bool good = true;
  if (options.names.empty()) {
    std::vector<std::string> refusals;
    plugins = catalog.all(refusals);
    for (const std::string& refusal : refusals) complain(refusal);
    good = refusals.empty();
  }
  for (const std::string& name : options.names) good = find(catalog, name, plugins) && good;
  // A schema without some of the plugins would call their configuration wrong.
  if (!good && (options.schema || !options.names.empty())) return 1;
  const std::string text = render(options, plugins);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return good ? 0 : 1;
}

}  // namespace

void add_describe(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("describe", "Show plugins, their options and measurements");
  auto options = std::make_shared<DescribeOptions>();
  command->add_option("PLUGIN", options->names, "A plugin such as 'interface' or 'input/interface'; by default all");
  CLI::Option* json = command->add_flag("--json", options->json, "As JSON, for programs");
  CLI::Option* markdown = command->add_flag("--markdown", options->markdown, "As the tables of the READMEs");
  CLI::Option* schema =
      command->add_flag("--schema", options->schema, "A JSON Schema of the whole configuration, for editors");
  json->excludes(markdown)->excludes(schema);
  markdown->excludes(schema);
  schema->excludes("PLUGIN");
  add_plugins_option(*command, options->folders);
  command->footer("Exit codes: 0 good, 1 a plugin is unknown or cannot be loaded.");
  command->callback([options, &exit_code] { exit_code = describe(*options); });
}

}  // namespace trafficd
