#include "engine/schema.hpp"

#include <boost/json.hpp>
#include <charconv>

#include "engine/config_file.hpp"
#include "engine/json_print.hpp"
#include "engine/settings.hpp"

namespace trafficd {

namespace {

namespace json = boost::json;

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

json::object reference(std::string_view name) { return {{"$ref", view(concat("#/$defs/", name))}}; }

/// Text with a reference to the environment in it stands for any value.
constexpr std::string_view environment = "\\$\\{";

/// A form in text, or a plain zero, which needs no unit.
json::object text_form(std::string_view pattern) {
  return {
      {"anyOf", json::array{json::object{{"const", 0}},
                            json::object{{"type", "string"}, {"pattern", view(concat(pattern, "|", environment))}}}}};
}

json::object basic_types() {
  const json::object text{{"type", json::array{"string", "number"}}};
  const json::object word{{"type", "string"}, {"minLength", 1}};
  json::array sources;
  for (const char* source : {"file", "env", "credential"})
    sources.push_back(json::object{{"type", "object"},
                                   {"additionalProperties", false},
                                   {"required", json::array{source}},
                                   {"properties", json::object{{source, word}}}});
  sources.push_back(text);
  return {
      {"text", text},
      {"environment", json::object{{"type", "string"}, {"pattern", view(environment)}}},
      {"boolean", json::object{{"anyOf", json::array{json::object{{"enum", json::array{true, false, "yes", "no"}}},
                                                     reference("environment")}}}},
      {"duration", text_form("^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d|w|y))+$")},
      {"size", text_form("^[0-9]+(\\.[0-9]+)?(B|[kKMGTP]B?|[KMGTP]iB)$")},
      {"network",
       json::object{{"type", "string"}, {"pattern", view(concat("^[0-9a-fA-F.:]+(/[0-9]+)?$|", environment))}}},
      {"secret", json::object{{"anyOf", std::move(sources)}}},
      {"tags", json::object{{"type", "object"},
                            {"propertyNames", json::object{{"pattern", "^[A-Za-z_][A-Za-z0-9_]{0,63}$"}}},
                            {"additionalProperties", reference("text")}}},
  };
}

template <class Number>
json::value number(const std::string& text) {
  Number out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() ? json::value(out) : json::value(view(text));
}

json::value typed_number(OptionDoc::Type type, const std::string& text) {
  if (type == OptionDoc::Type::real) return number<double>(text);
  return text.starts_with('-') ? number<std::int64_t>(text) : number<std::uint64_t>(text);
}

/// A default as the option's type has it in JSON.
json::value default_value(const OptionDoc& option, const ConfigNode& node) {
  switch (node.type) {
    case ConfigNode::Type::null: return nullptr;
    case ConfigNode::Type::sequence: {
      json::array out;
      for (const ConfigNode& item : node.items) out.push_back(default_value(option, item));
      return out;
    }
    case ConfigNode::Type::map: {
      json::object out;
      for (const ConfigEntry& entry : node.entries) out[view(entry.key)] = view(entry.value.text);
      return out;
    }
    case ConfigNode::Type::scalar: break;
  }
  if (option.type == OptionDoc::Type::boolean) return node.text == "yes" || node.text == "true";
  if (option.type == OptionDoc::Type::integer || option.type == OptionDoc::Type::real)
    return option.choices.empty() ? typed_number(option.type, node.text) : json::value(view(node.text));
  return view(node.text);
}

json::object block_schema(const std::vector<OptionDoc>& options);

json::object value_schema(const OptionDoc& option) {
  if (!option.choices.empty()) {
    json::array words;
    for (const std::string& choice : option.choices) words.emplace_back(view(choice));
    return {{"anyOf", json::array{json::object{{"enum", std::move(words)}}, reference("environment")}}};
  }
  switch (option.type) {
    case OptionDoc::Type::integer:
    case OptionDoc::Type::real: {
      json::object plain{{"type", option.type == OptionDoc::Type::real ? "number" : "integer"}};
      if (option.minimum) plain["minimum"] = typed_number(option.type, *option.minimum);
      if (option.maximum) plain["maximum"] = typed_number(option.type, *option.maximum);
      return {{"anyOf", json::array{std::move(plain), reference("environment")}}};
    }
    case OptionDoc::Type::block: return block_schema(option.nested);
    default: return reference(type_name({.type = option.type}));
  }
}

/// One value where a list is wanted counts as a list of one.
json::object list_schema(json::object item) {
  json::object list{{"type", "array"}, {"items", item}};
  return {{"anyOf", json::array{std::move(list), std::move(item)}}};
}

json::object option_schema(const OptionDoc& option) {
  json::object out = option.list ? list_schema(value_schema(option)) : value_schema(option);
  std::string help = option.help;
  if (option.minimum && option.maximum) help += concat(" Between ", *option.minimum, " and ", *option.maximum, ".");
  out["description"] = view(help);
  if (option.default_text.empty() || option.type == OptionDoc::Type::secret) return out;
  Problems problems;
  const ConfigNode node = parse_config(concat("default: ", option.default_text), {}, problems);
  if (const ConfigNode* value = node.find("default"); value && problems.empty())
    out["default"] = default_value(option, *value);
  return out;
}

/// A map that takes these options and no others; nothing at all is a map without options.
json::object block_schema(const std::vector<OptionDoc>& options) {
  json::object properties;
  json::array required;
  for (const OptionDoc& option : options) {
    properties[view(option.name)] = option_schema(option);
    if (option.required) required.emplace_back(view(option.name));
  }
  json::object out{{"properties", std::move(properties)}, {"additionalProperties", false}};
  if (required.empty())
    out["type"] = json::array{"object", "null"};
  else
    out["type"] = "object";
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

std::string definition_name(const KnownPlugin& plugin) { return concat(to_string(plugin.type), "_", plugin.name); }

/// `input_interface` and so on, and `input`: an instance that names its plugin and has the options of that one.
void add_kind(json::object& definitions, PluginType type, const Plugins& plugins) {
  json::array names, rules;
  for (const KnownPlugin* plugin : plugins) {
    if (plugin->type != type) continue;
    std::vector<OptionDoc> options = instance_options(type);
    options.insert(options.end(), plugin->declared.options.begin(), plugin->declared.options.end());
    json::object instance = block_schema(options);
    instance["description"] = plugin->help;
    definitions[view(definition_name(*plugin))] = std::move(instance);
    names.emplace_back(plugin->name);
    json::object names_it{{"properties", json::object{{"plugin", json::object{{"const", plugin->name}}}}}};
    names_it["required"] = json::array{"plugin"};
    rules.push_back(json::object{{"if", std::move(names_it)}, {"then", reference(definition_name(*plugin))}});
  }
  json::object instance{{"type", "object"}, {"required", json::array{"plugin"}}};
  instance["properties"] = json::object{{"plugin", json::object{{"enum", std::move(names)}}}};
  if (!rules.empty()) instance["allOf"] = std::move(rules);
  definitions[view(to_string(type))] = std::move(instance);
}

/// A section of instances: one that has the name of a plugin need not name it again.
json::object section_schema(PluginType type, const Plugins& plugins, std::string_view help) {
  const json::object any = reference(to_string(type));
  json::object properties;
  for (const KnownPlugin* plugin : plugins)
    if (plugin->type == type)
      properties[plugin->name] =
          json::object{{"if", json::object{{"type", "object"}, {"required", json::array{"plugin"}}}},
                       {"then", any},
                       {"else", reference(definition_name(*plugin))}};
  return {{"description", view(help)},
          {"type", "object"},
          {"minProperties", 1},
          {"propertyNames", json::object{{"pattern", "^[A-Za-z0-9_.-]{1,64}$"}}},
          {"properties", std::move(properties)},
          {"additionalProperties", any}};
}

json::object pipeline_schema() {
  json::object out = block_schema(pipeline_options());
  json::object& properties = out["properties"].as_object();
  const auto replace = [&](json::string_view key, json::object item) {
    json::object list = list_schema(std::move(item));
    list["description"] = properties[key].as_object()["description"];
    properties[key] = std::move(list);
  };
  replace("stages", reference("stage"));
  replace("outputs", {{"anyOf", json::array{reference("text"), block_schema(route_options())}}});
  for (const char* key : {"inputs", "outputs"})
    properties[key].as_object()["anyOf"].as_array().front().as_object()["minItems"] = 1;
  return out;
}

}  // namespace

std::string configuration_schema(const Plugins& plugins) {
  json::object definitions = basic_types();
  for (const PluginType type : {PluginType::input, PluginType::stage, PluginType::output})
    add_kind(definitions, type, plugins);
  definitions["pipeline"] = pipeline_schema();

  json::object root = block_schema(daemon_options());
  json::object& properties = root["properties"].as_object();
  properties["inputs"] =
      section_schema(PluginType::input, plugins, "Where samples come from, by names of your choice.");
  properties["outputs"] = section_schema(PluginType::output, plugins, "Where samples go, by names of your choice.");
  properties["pipelines"] =
      json::object{{"description", "Which inputs go to which outputs, and through what; by default all to all."},
                   {"type", "object"},
                   {"additionalProperties", reference("pipeline")}};
  json::object out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "trafficd configuration"},
                   {"type", "object"},
                   {"required", json::array{"inputs", "outputs"}},
                   {"properties", std::move(properties)},
                   {"additionalProperties", false},
                   {"$defs", std::move(definitions)}};
  return print_json(out);
}

}  // namespace trafficd
