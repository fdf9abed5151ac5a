#include "daemon/replay/tally_text.hpp"

#include "tally_fixture.hpp"

namespace trafficd::replay {

namespace {

const Zone utc = *Zone::find("UTC");

Sample of(const MeasurementPtr& measurement, Tags tags, std::vector<Value> values, std::uint64_t epoch) {
  return {make_series("replay", measurement, std::move(tags)), at(1), epoch, true, false, std::move(values)};
}

FieldSpec counter(const char* name, const char* unit = "By") { return {name, Kind::counter, unit, ""}; }

void add_devices(Tally& tally) {
  tally.add({device("02:00:00:00:00:01", "ipv4", "internet", {2'000'000, 500'000}, 1),
             device("02:00:00:00:00:01", "ipv6", "internet", {1'000'000, 0}, 2),
             device("02:00:00:00:00:01", "ipv4", "local", {300, 400}, 3),
             device("02:00:00:00:00:02", "other", "multicast", {0, 60}, 4),
             device("02:00:00:00:00:0f", "ipv4", "local", {400'000, 300'000}, 5, {{"gateway", "yes"}}),
             device("other", "ipv4", "internet", {4'000'000, 0}, 6)});
}

void add_capture(Tally& tally) {
  static const MeasurementPtr capture = make_measurement(
      "capture", "",
      {counter("packets", ""), counter("bytes"), counter("undecoded", ""), counter("unattributed_bytes")},
      {"interface"});
  tally.add({of(capture, {{"interface", "file"}}, {12'345, 8'200'760, 1, 700'000}, 7)});
}

void add_rest(Tally& tally) {
  static const MeasurementPtr protocol =
      make_measurement("protocol", "", {counter("bytes"), counter("packets", "")}, {"family", "interface", "protocol"});
  static const MeasurementPtr remote =
      make_measurement("remote", "", {counter("rx_bytes"), counter("tx_bytes")}, {"address", "interface"});
  static const MeasurementPtr http = make_measurement(
      "http", "",
      {counter("requests", ""), counter("request_bytes"), counter("response_bytes"), {"clients", Kind::gauge, "", ""}},
      {"interface", "method", "section", "server", "status"});
  static const MeasurementPtr strange =
      make_measurement("strange", "", {{"warmth", Kind::gauge, "", ""}}, {"interface", "thing"});
  const auto file = [](Tags tags) { return tags.push_back({"interface", "file"}), tags; };
  tally.add(
      {of(protocol, file({{"family", "ipv4"}, {"protocol", "tcp"}}), {700, 7}, 11),
       of(protocol, file({{"family", "ipv6"}, {"protocol", "tcp"}}), {300, 3}, 12),
       of(protocol, file({{"family", "ipv4"}, {"protocol", "udp"}}), {50, 1}, 13),
       of(remote, file({{"address", "198.51.100.7"}}), {5'000, 60}, 14),
       of(http,
          file({{"server", "192.0.2.1:80"}, {"section", "/a\x1b[1m\u202e"}, {"method", "GET"}, {"status", "2xx"}}),
          {9, 900, 9'000, 4}, 15),
       of(strange, file({{"thing", "x\"y"}}), {-1.5}, 16)});
}

Reading usual() {
  return {.from = at(-100), .to = at(260), .files = 2, .damaged_files = 1, .bad_times = 3, .max_rows = 100};
}

}  // namespace

TEST_CASE("a line for each device, as a person asks who used it") {
  Tally tally(100);
  add_devices(tally);
  add_capture(tally);
  CHECK(to_table(tally, usual(), utc, {.width = 80, .colour = false, .unicode = false}, {}) ==
        "device                 total     down      up   local  multicast\n"
        "02:00:00:00:00:01    3.50 MB  3.00 MB  500 kB   700 B        0 B  ##########--\n"
        "02:00:00:00:00:0f *   700 kB      0 B     0 B  700 kB        0 B  #-\n"
        "02:00:00:00:00:02       60 B      0 B     0 B     0 B       60 B  -\n"
        "other                4.00 MB  4.00 MB     0 B     0 B        0 B  ##############\n"
        "* gateway: what it carries counts for the devices behind it\n"
        "\n"
        "12345 packets, 8.20 MB, from 2023-11-14 22:13 to 2023-11-14 22:19\n"
        "700 kB of it belong to no device: what gateways passed on, is between others, or does not say whose it is\n"
        "1 packet cut off or without sense\n"
        "3 packets with a time that cannot be one, or far from all others\n"
        "'other' are devices for which 100 rows were too few: raise --max-rows\n");
}

TEST_CASE("a narrow page, a pipe, and lines that are too many") {
  Tally tally(100);
  add_devices(tally);
  add_capture(tally);
  CHECK(to_table(tally, usual(), utc, {.width = 50, .colour = false, .unicode = false}, {.limit = 2}) ==
        "device                 total     down      up\n"
        "02:00:00:00:00:01    3.50 MB  3.00 MB  500 kB\n"
        "02:00:00:00:00:0f *   700 kB      0 B     0 B\n"
        "2 more               4.00 MB  4.00 MB     0 B\n"
        "no room here for local, multicast: --json shows all\n"
        "* gateway: what it carries counts for the devices behind it\n"
        "\n"
        "12345 packets, 8.20 MB, from 2023-11-14 22:13 to 2023-11-14 22:19\n"
        "700 kB of it belong to no device: what gateways passed on, is between others, or does not say whose it is\n"
        "1 packet cut off or without sense\n"
        "3 packets with a time that cannot be one, or far from all others\n"
        "'other' are devices for which 100 rows were too few: raise --max-rows\n");
  CHECK(to_table(tally, usual(), utc, {.width = 0, .colour = false, .unicode = false}, {.detail = true, .limit = 4}) ==
        "device             family  scope       total  received    sent\n"
        "02:00:00:00:00:01  ipv4    internet  2.50 MB   2.00 MB  500 kB\n"
        "02:00:00:00:00:01  ipv6    internet  1.00 MB   1.00 MB     0 B\n"
        "02:00:00:00:00:0f  ipv4    local      700 kB    400 kB  300 kB\n"
        "02:00:00:00:00:01  ipv4    local       700 B     300 B   400 B\n"
        "2 more                               4.00 MB   4.00 MB    60 B\n"
        "\n"
        "12345 packets, 8.20 MB, from 2023-11-14 22:13 to 2023-11-14 22:19\n"
        "700 kB of it belong to no device: what gateways passed on, is between others, or does not say whose it is\n"
        "1 packet cut off or without sense\n"
        "3 packets with a time that cannot be one, or far from all others\n"
        "'other' are devices for which 100 rows were too few: raise --max-rows\n");
  CHECK(to_table(Tally(1), {}, utc, {}, {}) == "no packets\n");
}

TEST_CASE("how long a short recording is") {
  Tally tally(100);
  add_capture(tally);
  const auto line = [&](std::int64_t from, std::int64_t to) {
    const std::string text = to_table(tally, {.from = at(from), .to = at(to)}, utc, {}, {});
    return text.substr(0, text.find('\n'));
  };
  CHECK(line(0, 0) == "12345 packets, 8.20 MB, at 2023-11-14 22:15");
  CHECK(line(0, 1) == "12345 packets, 8.20 MB, 1 second from 2023-11-14 22:15 on");
  CHECK(line(0, 119) == "12345 packets, 8.20 MB, 119 seconds from 2023-11-14 22:15 on");
  CHECK(line(0, 120) == "12345 packets, 8.20 MB, from 2023-11-14 22:15 to 2023-11-14 22:17");
}

TEST_CASE("whatever else was measured has a table of its own") {
  Tally tally(100);
  add_rest(tally);
  CHECK(to_table(tally, {}, utc, {.width = 78, .colour = false, .unicode = false}, {}) ==
        "server        section  method  status  requests  request  response  clients\n"
        "192.0.2.1:80  /a?[1m?  GET     2xx            9    900 B   9.00 kB        4\n"
        "\n"
        "protocol  family  bytes  packets\n"
        "tcp       ipv4    700 B        7  ########################################\n"
        "tcp       ipv6    300 B        3  #################\n"
        "udp       ipv4     50 B        1  ###\n"
        "\n"
        "address         total  received  sent\n"
        "198.51.100.7  5.06 kB   5.00 kB  60 B  #######################################\n"
        "\n"
        "thing  warmth\n"
        "x\"y      -1.5\n"
        "\n"
        "no packets\n");
}

TEST_CASE("what was lost of HTTP, and what found no room") {
  static const MeasurementPtr http =
      make_measurement("http", "", {counter("requests", "")}, {"interface", "method", "section", "server", "status"});
  const auto row = [](const char* server, const char* section, std::uint64_t epoch) {
    return of(http, {{"interface", "file"}, {"server", server}, {"section", section}}, {9}, epoch);
  };
  const auto last_lines = [](const Tally& tally, const Reading& reading) {
    const std::string text = to_table(tally, reading, utc, {}, {});
    return text.substr(text.find("no packets\n") + 11);
  };
  Tally tally(100);
  tally.add({row("192.0.2.1:80", "/other", 1)});
  CHECK(last_lines(tally, {.max_rows = 16}).empty());
  tally.add({row("other", "other", 2)});
  CHECK(last_lines(tally, {.max_rows = 16}) ==
        "'other' are requests for which 16 rows were too few: raise --max-rows\n");
  tally.add({device("other", "ipv4", "internet", {1, 1}, 3)});
  CHECK(last_lines(tally, {.max_rows = 16, .lost_of_http = {7, 904, 1, 25, 0, 0}}) ==
        "HTTP may be incomplete: 7 packets captured too short, 904 connections too many at once (raise --max-rows), "
        "1 gap in connections, 25 bytes not understood\n"
        "'other' are devices and requests for which 16 rows were too few: raise --max-rows\n");
}

TEST_CASE("colours and blocks are for a terminal") {
  Tally tally(100);
  add_devices(tally);
  const std::string page = to_table(tally, {}, utc, {.width = 100, .colour = true, .unicode = true}, {.limit = 1});
  CHECK(page.starts_with("\x1b[2mdevice "));
  CHECK(page.find("\x1b[32m█") != std::string::npos);
}

TEST_CASE("JSON of all that was counted") {
  Tally tally(100);
  add_capture(tally);
  add_rest(tally);
  tally.add({device("02:00:00:00:00:0f", "ipv4", "local", {std::uint64_t{1} << 63, {}}, 5, {{"gateway", "yes"}})});
  Reading reading = usual();
  reading.lost_of_http[1] = 2;
  CHECK(to_json(tally, reading) ==
        R"({"devices":[
{"device":"02:00:00:00:00:0f","family":"ipv4","interface":"file","scope":"local",)"
        R"("from":1700000000,"to":1700000360,"rx_bytes":9223372036854775808,"gateway":"yes"}
],
"remotes":[
{"address":"198.51.100.7","interface":"file","from":1700000000,"to":1700000360,"rx_bytes":5000,"tx_bytes":60}
],
"http":[
{"interface":"file","method":"GET","section":"/a\u001b[1m)"
        "\u202e"
        R"(","server":"192.0.2.1:80","status":"2xx","from":1700000000,"to":1700000360,)"
        R"("requests":9,"request_bytes":900,"response_bytes":9000,"clients":4}
],
"protocols":{"tcp":{"bytes":1000,"packets":10,"ipv4":{"bytes":700,"packets":7},"ipv6":{"bytes":300,"packets":3}},)"
        R"("udp":{"bytes":50,"packets":1,"ipv4":{"bytes":50,"packets":1}}},
"capture":{"interface":"file","from":1700000000,"to":1700000360,"packets":12345,"bytes":8200760,)"
        R"("undecoded":1,"unattributed_bytes":700000,"files":2,"damaged_files":1,"skipped_files":0,"bad_times":3,)"
        R"("http_cut_segments":0,"http_evicted_streams":2,"http_gaps":0,"http_unparsed_bytes":0,)"
        R"("http_unmatched_responses":0,"http_uncounted_clients":0},
"strange":[
{"interface":"file","thing":"x\"y","from":1700000000,"to":1700000360,"warmth":-1.5}
]}
)");
  CHECK(to_json(Tally(1), {.files = 1}) ==
        "{\"devices\":[],\n\"remotes\":[],\n\"http\":[],\n\"protocols\":{},\n"
        "\"capture\":{\"packets\":0,\"bytes\":0,\"undecoded\":0,\"unattributed_bytes\":0,"
        "\"files\":1,\"damaged_files\":0,\"skipped_files\":0,\"bad_times\":0,"
        "\"http_cut_segments\":0,\"http_evicted_streams\":0,\"http_gaps\":0,\"http_unparsed_bytes\":0,"
        "\"http_unmatched_responses\":0,\"http_uncounted_clients\":0}}\n");
}

}  // namespace trafficd::replay
