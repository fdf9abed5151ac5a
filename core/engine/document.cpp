#include "engine/document.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "engine/json_print.hpp"
#include "engine/settings.hpp"

namespace trafficd {

namespace {

constexpr std::string_view begin_marker = "<!-- describe -->", end_marker = "<!-- /describe -->";
constexpr PluginType kinds[] = {PluginType::input, PluginType::stage, PluginType::output};

struct Section {
  std::string_view key, title;
  std::vector<OptionDoc> options;
};

/// What does not depend on a plugin.
std::vector<Section> daemon_sections() {
  return {{"daemon", "The daemon", daemon_options()},
          {"input", "Every input", input_options()},
          {"stage", "Every stage", stage_options()},
          {"output", "Every output", output_options()},
          {"pipeline", "Every pipeline", pipeline_options()}};
}

std::string bounds(const OptionDoc& option) {
  if (option.minimum && option.maximum) return concat("Between ", *option.minimum, " and ", *option.maximum, ".");
  return {};
}

std::string with_bounds(const OptionDoc& option) {
  const std::string range = bounds(option);
  return range.empty() ? option.help : concat(option.help, " ", range);
}

/// Options of blocks follow their block under a path: `server.host`, `tiers[].bucket`.
void flatten(const std::vector<OptionDoc>& options, const std::string& prefix, std::vector<OptionDoc>& out) {
  for (const OptionDoc& option : options) {
    out.push_back(option);
    out.back().name = prefix + option.name;
    flatten(option.nested, concat(out.back().name, option.list ? "[]." : "."), out);
  }
}

std::vector<OptionDoc> flat(const std::vector<OptionDoc>& options) {
  std::vector<OptionDoc> out;
  flatten(options, {}, out);
  return out;
}

std::string code(std::string_view text) { return text.empty() ? "–" : concat("`", text, "`"); }

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string options_table(const std::vector<OptionDoc>& options) {
  std::string out = "| Option | Type | Default | Meaning |\n|---|---|---|---|\n";
  for (const OptionDoc& option : flat(options))
    out += concat("| ", code(option.name), " | ", cell(type_name(option)), " | ",
                  option.required ? std::string("required") : cell(code(option.default_text)), " | ",
                  cell(with_bounds(option)), " |\n");
  return out;
}

std::string measurements_table(const std::vector<MeasurementPtr>& measurements) {
  std::string out;
  for (const MeasurementPtr& m : measurements) out += concat("- `", m->name(), "`: ", m->help(), "\n");
  out += "\n| Measurement | Tags | Field | Kind | Unit | Meaning |\n|---|---|---|---|---|---|\n";
  for (const MeasurementPtr& m : measurements) {
    std::string tags;
    for (const std::string& tag : m->identity()) tags += concat(tags.empty() ? "" : ", ", code(tag));
    for (const FieldSpec& field : m->fields()) {
      const bool first = &field == &m->fields().front();
      out += concat("| ", first ? code(m->name()) : "", " | ", first ? tags : "", " | ", code(field.name), " | ",
                    to_string(field.kind), " | ", cell(field.unit.empty() ? "–" : field.unit), " | ", cell(field.help),
                    " |\n");
    }
  }
  return out;
}

/// Words in lines of at most `width` characters, each line indented.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width = 100) {
  std::string out, line;
  const auto flush = [&] {
    if (!line.empty()) out += std::string(indent, ' ') + line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) flush();
    if (!word.empty()) line += concat(line.empty() ? "" : " ", word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  flush();
  return out;
}

std::string plain_options(const std::vector<OptionDoc>& options) {
  constexpr std::size_t short_default = 40;
  std::string out;
  for (const OptionDoc& option : flat(options)) {
    const bool has_default = !option.default_text.empty(), in_line = option.default_text.size() <= short_default;
    out += concat("  ", option.name, "  (", type_name(option));
    if (option.required) out += "; required";
    if (has_default && in_line) out += concat("; default ", option.default_text);
    out += concat(")\n", wrapped(with_bounds(option), 6));
    if (has_default && !in_line) out += wrapped(concat("Default: ", option.default_text), 6);
  }
  return out;
}

std::string plain_measurement(const Measurement& measurement) {
  std::string out = concat("  ", measurement.name());
  for (const std::string& tag : measurement.identity())
    out += concat(&tag == &measurement.identity().front() ? "  by " : ", ", tag);
  out += concat("\n", wrapped(measurement.help(), 6));
  for (const FieldSpec& field : measurement.fields()) {
    out += concat("    ", field.name, "  (", to_string(field.kind), field.unit.empty() ? "" : ", ", field.unit, ")\n");
    out += wrapped(field.help, 6);
  }
  return out;
}

namespace json = boost::json;

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

json::array options_json(const std::vector<OptionDoc>& options) {
  json::array out;
  for (const OptionDoc& option : options) {
    json::object entry{{"name", view(option.name)},
                       {"type", view(type_name({.type = option.type}))},
                       {"list", option.list},
                       {"required", option.required},
                       {"help", view(option.help)}};
    if (!option.default_text.empty()) entry["default"] = view(option.default_text);
    if (!option.choices.empty()) {
      json::array& choices = entry["choices"].emplace_array();
      for (const std::string& choice : option.choices) choices.emplace_back(view(choice));
    }
    if (option.minimum) entry["minimum"] = view(*option.minimum);
    if (option.maximum) entry["maximum"] = view(*option.maximum);
    if (!option.nested.empty()) entry["options"] = options_json(option.nested);
    out.push_back(std::move(entry));
  }
  return out;
}

json::array measurements_json(const std::vector<MeasurementPtr>& measurements) {
  json::array out;
  for (const MeasurementPtr& m : measurements) {
    json::array tags, fields;
    for (const std::string& tag : m->identity()) tags.emplace_back(view(tag));
    for (const FieldSpec& field : m->fields())
      fields.push_back(json::object{{"name", view(field.name)},
                                    {"kind", view(to_string(field.kind))},
                                    {"unit", view(field.unit)},
                                    {"help", view(field.help)}});
    out.push_back(json::object{{"name", view(m->name())},
                               {"help", view(m->help())},
                               {"tags", std::move(tags)},
                               {"fields", std::move(fields)}});
  }
  return out;
}

}  // namespace

std::string markdown_tables(const KnownPlugin& plugin) {
  const Declarations& declared = plugin.declared;
  std::string out = concat("\n## Options\n\nBesides those that every ", to_string(plugin.type), " has");
  out += declared.options.empty() ? ": none.\n" : concat(":\n\n", options_table(declared.options));
  if (declared.measurements.empty() && declared.notes.empty()) return out + "\n";
  out += "\n## Measurements\n\n";
  if (!declared.measurements.empty()) out += measurements_table(declared.measurements);
  if (!declared.notes.empty()) out += concat(declared.measurements.empty() ? "" : "\n", declared.notes, "\n");
  return out + "\n";
}

std::optional<std::string> with_fresh_tables(std::string_view readme, const KnownPlugin& plugin) {
  const std::size_t begin = readme.find(begin_marker);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t inside = begin + begin_marker.size();
  const std::size_t end = readme.find(end_marker, inside);
  if (end == std::string_view::npos) return std::nullopt;
  return concat(readme.substr(0, inside), "\n", markdown_tables(plugin), readme.substr(end));
}

std::string markdown_document(const Plugins& plugins) {
  std::string out = "# Plugins\n\n| Kind | Plugin | What it does |\n|---|---|---|\n";
  for (const KnownPlugin* plugin : plugins)
    out += concat("| ", to_string(plugin->type), " | ", code(plugin->name), " | ", cell(plugin->help), " |\n");
  for (const Section& section : daemon_sections())
    out += concat("\n# ", section.title, "\n\n", options_table(section.options));
  for (const KnownPlugin* plugin : plugins)
    out += concat("\n# ", to_string(plugin->type), " `", plugin->name, "`\n\n", plugin->help, "\n",
                  markdown_tables(*plugin));
  // The tables of a README end with an empty line before the marker.
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

std::string plain_text(const KnownPlugin& plugin) {
  const Declarations& declared = plugin.declared;
  std::string out = concat(to_string(plugin.type), " ", plugin.name, "\n", wrapped(plugin.help, 2), "\noptions\n");
  out += declared.options.empty() ? "  none of its own\n" : plain_options(declared.options);
  std::string names;
  for (const OptionDoc& option : instance_options(plugin.type)) names += concat(names.empty() ? "" : ", ", option.name);
  out += wrapped(concat("Every ", to_string(plugin.type), " also has ", names, "."), 2);
  if (!declared.measurements.empty() || !declared.notes.empty()) out += "\nmeasurements\n";
  for (const MeasurementPtr& measurement : declared.measurements) out += plain_measurement(*measurement);
  return out + wrapped(declared.notes, 2);
}

std::string plain_overview(const Plugins& plugins) {
  std::size_t width = 0;
  for (const KnownPlugin* plugin : plugins) width = std::max(width, std::string_view(plugin->name).size());
  std::string out;
  for (const PluginType kind : kinds) {
    out += concat(out.empty() ? "" : "\n", to_string(kind), "s\n");
    for (const KnownPlugin* plugin : plugins) {
      if (plugin->type != kind) continue;
      const std::string name = plugin->name;
      out += concat("  ", name, std::string(width - name.size() + 2, ' '), plugin->help, "\n");
    }
  }
  for (const Section& section : daemon_sections())
    out += concat("\noptions: ", section.title, "\n", plain_options(section.options));
  return out + "\nOne plugin in full: trafficd describe NAME\n";
}

std::string json_document(const Plugins& plugins, bool with_common) {
  json::object out;
  if (with_common) {
    json::object& common = out["common"].emplace_object();
    for (const Section& section : daemon_sections())
      common[view(section.key)] = json::object{{"options", options_json(section.options)}};
  }
  json::array& all = out["plugins"].emplace_array();
  for (const KnownPlugin* plugin : plugins) {
    const Declarations& declared = plugin->declared;
    all.push_back(json::object{{"kind", view(to_string(plugin->type))},
                               {"name", plugin->name},
                               {"help", plugin->help},
                               {"notes", view(declared.notes)},
                               {"options", options_json(declared.options)},
                               {"measurements", measurements_json(declared.measurements)}});
  }
  return print_json(out);
}

}  // namespace trafficd
