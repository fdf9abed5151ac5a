#include "engine/document.hpp"

#include <boost/json.hpp>

#include "catch.hpp"
#include "engine/config_file.hpp"
#include "engine/schema.hpp"

using namespace trafficd;
namespace json = boost::json;

namespace {

struct Server {
  std::string host;
  int port = 80;
};

struct Config {
  std::vector<std::string> match{"eth*", "12"};
  Tags tags{{"site", "home"}};
  bool fast = false;
  int mode = 1;
  double ratio = 0.5;
  Secret token{Secret::Source::text, "hunter2"};
  Server server;
  std::vector<Server> peers;
};

Options<Config> options() {
  const auto server = Options<Server>{}
                          .add("host", &Server::host, "Its name.")
                          .required()
                          .add("port", &Server::port, "Its port.")
                          .range(&Server::port, 1, 65535);
  return Options<Config>{}
      .add("match", &Config::match, "Names a|b.")
      .add("tags", &Config::tags, "Its tags.")
      .add("fast", &Config::fast, "Faster.")
      .add_choice("mode", &Config::mode, {{"off", 0}, {"on", 1}}, "Which one.")
      .add("ratio", &Config::ratio, "A share.")
      .add("token", &Config::token, "A token.")
      .add_block("server", &Config::server, server, "The server.")
      .add_list("peers", &Config::peers, server, "The others.");
}

struct Wifi final : PollInput {
  Wifi(const ConfigNode&, Host&) {}
  static Declarations declare() {
    return {options().docs(),
            {make_measurement(
                "wifi", "One radio.",
                {{"rx_bytes", Kind::counter, "By", "Bytes received."}, {"level", Kind::gauge, "", "How loud | clear."}},
                {"station", "interface"})},
            "More in the manual."};
  }
  Status collect(Batch&) override { return Status::ok(); }
};

struct Bare final : Stage {
  Bare(const ConfigNode&, Host&) {}
  static Declarations declare() { return {}; }
  void process(Batch&) override {}
};

const KnownPlugin wifi = describe_plugin<Wifi>("wifi", "Signal of radios.");
const KnownPlugin bare = describe_plugin<Bare>("bare", "Does nothing.");

const json::object& at(const json::value& root, const char* pointer) { return root.at_pointer(pointer).as_object(); }

}  // namespace

TEST_CASE("the tables of a README hold every option and field") {
  CHECK(markdown_tables(wifi) == R"(
## Options

Besides those that every input has:

| Option | Type | Default | Meaning |
|---|---|---|---|
| `match` | list of text | `[eth*, "12"]` | Names a\|b. |
| `tags` | tags | `{ site: home }` | Its tags. |
| `fast` | boolean | `no` | Faster. |
| `mode` | one of off, on | `on` | Which one. |
| `ratio` | number | `0.5` | A share. |
| `token` | secret | `***` | A token. |
| `server` | block | – | The server. |
| `server.host` | text | required | Its name. |
| `server.port` | integer | `80` | Its port. Between 1 and 65535. |
| `peers` | list of block | – | The others. |
| `peers[].host` | text | required | Its name. |
| `peers[].port` | integer | `80` | Its port. Between 1 and 65535. |

## Measurements

- `wifi`: One radio.

| Measurement | Tags | Field | Kind | Unit | Meaning |
|---|---|---|---|---|---|
| `wifi` | `interface`, `station` | `rx_bytes` | counter | By | Bytes received. |
|  |  | `level` | gauge | – | How loud \| clear. |

More in the manual.

)");
  CHECK(markdown_tables(bare) == "\n## Options\n\nBesides those that every stage has: none.\n\n");
}

TEST_CASE("tables are put between the markers of a README, again and again") {
  const auto once = with_fresh_tables("# Bare\n<!-- describe -->\nold\n<!-- /describe -->\nend\n", bare);
  REQUIRE(once);
  CHECK(*once == "# Bare\n<!-- describe -->\n" + markdown_tables(bare) + "<!-- /describe -->\nend\n");
  CHECK(with_fresh_tables(*once, bare) == once);
  CHECK_FALSE(with_fresh_tables("# Bare\n", bare));
  CHECK_FALSE(with_fresh_tables("<!-- /describe --> <!-- describe -->", bare));
}

TEST_CASE("people read options and measurements as text") {
  const std::string text = plain_text(wifi);
  for (const char* part :
       {"input wifi\n  Signal of radios.\n", "  mode  (one of off, on; default on)\n      Which one.\n",
        "  server.host  (text; required)\n", "  wifi  by interface, station\n      One radio.\n",
        "    rx_bytes  (counter, By)\n      Bytes received.\n", "  More in the manual.\n"}) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(plain_text(bare).find("none of its own") != std::string::npos);
  const std::string overview = plain_overview({&wifi, &bare});
  CHECK(overview.starts_with("inputs\n  wifi  Signal of radios.\n\nstages\n  bare  Does nothing.\n"));
  CHECK(overview.find("options: Every output\n") != std::string::npos);
}

TEST_CASE("programs read options and measurements as JSON") {
  const json::value root = json::parse(json_document({&wifi, &bare}, true));
  CHECK(at(root, "/plugins/0").at("name") == "wifi");
  CHECK(at(root, "/plugins/0").at("kind") == "input");
  CHECK(at(root, "/plugins/0/options/3").at("choices") == json::value({"off", "on"}));
  CHECK(at(root, "/plugins/0/options/6/options/1").at("maximum") == "65535");
  CHECK(at(root, "/plugins/0/measurements/0").at("tags") == json::value({"interface", "station"}));
  CHECK(at(root, "/plugins/0/measurements/0/fields/0").at("kind") == "counter");
  CHECK(at(root, "/plugins/1").at("options").as_array().empty());
  CHECK(at(root, "/common/daemon/options/0").at("name") == "interval");
  CHECK_FALSE(json::parse(json_document({&bare}, false)).as_object().contains("common"));
}

TEST_CASE("the schema knows every option of every plugin") {
  const json::value root = json::parse(configuration_schema({&wifi, &bare}));
  CHECK(root.at("$schema") == "https://json-schema.org/draft/2020-12/schema");
  const json::object& sections = at(root, "/properties");
  for (const char* key : {"interval", "plugin_path", "log", "inputs", "outputs", "pipelines"})
    CHECK(sections.contains(key));
  CHECK(root.at("additionalProperties") == false);

  const json::object& options = at(root, "/$defs/input_wifi/properties");
  for (const char* key : {"plugin", "interval", "tags", "max_series", "match", "server"}) CHECK(options.contains(key));
  CHECK(at(root, "/$defs/input_wifi").at("additionalProperties") == false);
  CHECK(at(root, "/$defs/input_wifi/properties/match").at("default") == json::value({"eth*", "12"}));
  CHECK(at(root, "/$defs/input_wifi/properties/fast").at("default") == false);
  CHECK(at(root, "/$defs/input_wifi/properties/mode").at("default") == "on");
  CHECK(at(root, "/$defs/input_wifi/properties/ratio").at("default") == 0.5);
  CHECK_FALSE(at(root, "/$defs/input_wifi/properties/token").contains("default"));
  CHECK(at(root, "/$defs/input_wifi/properties/server").at("required") == json::value({"host"}));
  CHECK(at(root, "/$defs/input_wifi/properties/server/properties/port/anyOf/0").at("maximum") == 65535);

  CHECK(at(root, "/$defs/input/properties/plugin").at("enum") == json::value({"wifi"}));
  CHECK(at(root, "/$defs/input/allOf/0/then").at("$ref") == "#/$defs/input_wifi");
  CHECK(at(root, "/$defs/stage/allOf/0/if/properties/plugin").at("const") == "bare");
  CHECK(at(root, "/properties/inputs/properties/wifi/else").at("$ref") == "#/$defs/input_wifi");
  CHECK(at(root, "/$defs/pipeline/properties/stages/anyOf/0/items").at("$ref") == "#/$defs/stage");
  for (const char* list : {"inputs", "outputs"})
    CHECK(at(root, concat("/$defs/pipeline/properties/", list, "/anyOf/0").c_str()).at("minItems") == 1);
  CHECK_FALSE(at(root, "/$defs/pipeline/properties/stages/anyOf/0").contains("minItems"));
}

TEST_CASE("every reference of the schema leads somewhere") {
  const std::string text = configuration_schema({&wifi, &bare});
  const json::value root = json::parse(text);
  std::size_t count = 0;
  const std::string key = "\"$ref\": \"#";
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
    const std::size_t begin = at + key.size();
    const std::string pointer = text.substr(begin, text.find('"', begin) - begin);
    INFO(pointer);
    CHECK_NOTHROW(root.at_pointer(pointer));
    ++count;
  }
  CHECK(count > 20);
}
