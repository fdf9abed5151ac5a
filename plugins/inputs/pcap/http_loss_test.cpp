// What is counted of connections that were not seen whole, and where tables are full.

#include <random>

#include "catch.hpp"
#include "http_wire.hpp"
#include "trafficd/text.hpp"

namespace trafficd::pcap_input {
namespace {

using Lines = std::vector<std::string>;
using packet::ack_flag;

/// Method, section, status and requests.
Lines requests(HttpBench& bench) {
  Lines all;
  for (const std::string& line : bench.lines()) {
    std::size_t end = 0;
    for (int words = 0; words < 4; ++words) end = line.find(' ', end + 1);
    all.push_back(line.substr(0, end));
  }
  return all;
}

}  // namespace

TEST_CASE("http: a connection is understood from its middle on") {
  HttpBench bench;
  Wire wire(bench);
  wire.answer("the rest of an answer" + answer_of("x"));
  wire.ask("the rest of a request");
  wire.answer(answer_of("x"));  // to nobody knows what
  wire.ask(get("/a"));
  wire.answer(answer_of("x"));
  CHECK(requests(bench) == Lines{"GET /a 2xx 1"});
  CHECK(bench.counted("http_unparsed_bytes") == 21 + answer_of("x").size() + 21 + 1);
  CHECK(bench.counted("http_unmatched_responses") == 1);
}

TEST_CASE("http: bytes of a body that were not captured are counted all the same") {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  wire.ask(get("/a"));
  SECTION("cut off") {
    const std::string all = head + std::string(1000, 'x');
    wire.send(1, all, ack_flag, wire.next(1), 900);
    wire.skip(1, all.size());
  }
  SECTION("dropped") {
    wire.answer(head + std::string(100, 'x'));
    wire.skip(1, 800);
    wire.answer(std::string(100, 'x'));
  }
  wire.ask(get("/b"));
  wire.answer(answer_of(""));
  CHECK(bench.lines() == Lines{"GET /a 2xx 1 " + std::to_string(get("/a").size()) + " " +
                                   std::to_string(head.size() + 1000) + " clients 1",
                               "GET /b 2xx 1 " + std::to_string(get("/b").size()) + " " +
                                   std::to_string(answer_of("").size()) + " clients 1"});
  CHECK(bench.counted("http_gaps") == 0);
  CHECK(bench.counted("http_cut_segments") == 0);
}

TEST_CASE("http: what was captured too short to be read is counted") {
  const std::string request = get("/a"), response = answer_of(std::string(500, 'x'));
  HttpBench bench;
  Wire wire(bench);
  SECTION("heads") {
    wire.open();
    wire.send(0, request, ack_flag, wire.next(0), request.size() - 14);
    wire.skip(0, request.size());
    wire.send(1, response, ack_flag, wire.next(1), response.size());
  }
  SECTION("all bytes of connections that nobody knows") {
    wire.send(0, request, ack_flag, wire.next(0), request.size());
    wire.send(1, response, ack_flag, wire.next(1), response.size());
  }
  SECTION("headers of TCP, of these ports") {
    Wire other(bench, "fd00::2", "fd00::1", 40'000, 443);
    other.send(0, request, ack_flag, 1, request.size() + 1);
    wire.send(0, request, ack_flag, 1, request.size() + 1);
    wire.send(1, response, ack_flag, 1, response.size() + 1);
  }
  CHECK(requests(bench).empty());
  CHECK(bench.counted("http_cut_segments") == 2);
}

TEST_CASE("http: after a loss, requests and answers find together again") {
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  SECTION("of a request") {
    wire.skip(0, get("/lost").size());
    wire.answer(answer_of("x", 404));
    wire.ask(get("/a"));
    wire.answer(answer_of("x"));
    wire.ask(get("/a"));
    wire.answer(answer_of("x"));
    CHECK(requests(bench) == Lines{"GET /a 2xx 2"});
    CHECK(bench.counted("http_unmatched_responses") == 1);
  }
  SECTION("of an answer") {
    wire.ask(get("/lost"));
    wire.skip(1, answer_of("x").size());
    wire.ask(get("/a"));
    wire.answer(answer_of("x"));
    wire.acknowledge(0);
    wire.ask(get("/a"));
    wire.answer(answer_of("x"));
    CHECK(requests(bench) == Lines{"GET /a 2xx 2", "GET /lost none 1"});
  }
  SECTION("of a piece of a head") {
    wire.ask("GET /lost HT");
    wire.skip(0, 20);
    wire.answer(answer_of("x", 404));
    wire.ask(get("/a"));
    wire.answer(answer_of("x"));
    CHECK(requests(bench) == Lines{"GET /a 2xx 1"});
  }
  CHECK(bench.counted("http_gaps") == 1);
}

TEST_CASE("http: an answer to a request that nobody saw may have no body, whatever it says") {
  const std::string length = GENERATE("", "Content-Length: 1000000\r\n");
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  wire.skip(0, 30);  // HEAD
  wire.answer("HTTP/1.1 200 OK\r\n" + length + "\r\n");
  for (int i = 0; i < 100; ++i) {
    wire.ask(get("/a"));
    wire.answer(answer_of("x"));
  }
  CHECK(requests(bench) == Lines{"GET /a 2xx 100"});
  CHECK(bench.counted("http_unmatched_responses") == 1);
}

TEST_CASE("http: an upload may be longer than the numbers of TCP") {
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  constexpr std::size_t piece = 200'000'000, pieces = 25;
  wire.ask("PUT /up HTTP/1.1\r\nContent-Length: " + std::to_string(piece * pieces) + "\r\n\r\n");
  for (std::size_t i = 0; i < pieces; ++i) {
    wire.skip(0, piece - 1);
    wire.ask("x");
    wire.acknowledge(1);
    if (i == 13) wire.answer("HTTP/1.1 100 Continue\r\n\r\n");
  }
  wire.answer(answer_of("x"));
  wire.ask(get("/next"));
  wire.answer(answer_of("x"));
  CHECK(requests(bench) == Lines{"GET /next 2xx 1", "PUT /up 2xx 1"});
  CHECK(bench.counted("http_unmatched_responses") == 0);
}

TEST_CASE("http: an end that was on its way for long ends nothing") {
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  wire.ask(get("/a"));
  wire.send(1, "", packet::fin_flag | ack_flag, wire.next(1) - 100'000);
  wire.answer(answer_of(std::string(5000, 'x')));
  CHECK(bench.lines() == Lines{"GET /a 2xx 1 " + std::to_string(get("/a").size()) + " " +
                               std::to_string(answer_of(std::string(5000, 'x')).size()) + " clients 1"});
  CHECK(bench.counted("http_unparsed_bytes") == 0);
}

TEST_CASE("http: what waits for a piece that never comes is bounded") {
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  wire.ask("GET /lost");
  wire.skip(0, 10);
  // Nobody acknowledges anything: the requests wait, until there is no more room.
  for (int i = 0; i < 100; ++i) wire.send(0, get("/a"), ack_flag, wire.next(0)), wire.skip(0, get("/a").size());
  wire.close();
  CHECK(requests(bench) == Lines{"GET /a none 100"});
  CHECK(bench.counted("http_gaps") == 1);
}

TEST_CASE("http: all segments that wait find their way back into the pool") {
  HttpBench bench;
  for (unsigned round = 0; round < 200; ++round) {
    Wire wire(bench, "10.0.0.1", "10.0.0.80", 1024 + round);
    wire.open();
    const std::string all = get("/first") + get("/second");
    const std::uint32_t start = wire.next(0);
    const auto late = static_cast<std::uint32_t>(get("/first").size());
    for (std::uint32_t size = 1; size < 50; ++size) wire.send(0, all.substr(late, size), ack_flag, start + late);
    if (round % 2 == 0) wire.send(0, all, ack_flag, start);
    wire.reset(0);
  }
  CHECK(requests(bench) == Lines{"GET /first none 100", "GET /second none 100"});
}

TEST_CASE("http: when there are too many connections, the one that was silent longest leaves") {
  HttpBench bench({.max_streams = 16});
  std::vector<Wire> wires;
  for (unsigned i = 0; i < 17; ++i) {
    wires.emplace_back(bench, "10.0.0.1", "10.0.0.80", 1024 + i);
    wires.back().open();
    wires.back().ask(get(i == 1 ? "/silent" : "/a"));
    wires.front().acknowledge(0);
  }
  CHECK(bench.counted("http_evicted_streams") == 1);
  CHECK(requests(bench) == Lines{"GET /silent none 1"});
  for (Wire& wire : wires) wire.answer(answer_of(""));
  CHECK(requests(bench) == Lines{"GET /a 2xx 16", "GET /silent none 1"});
}

TEST_CASE("http: a flood of greetings drives nobody out who speaks") {
  HttpBench bench({.max_streams = 16});
  std::vector<Wire> wires;
  for (unsigned i = 0; i < 10; ++i) {
    wires.emplace_back(bench, "10.0.0.1", "10.0.0.80", 1024 + i);
    wires.back().open();
    wires.back().ask(get("/a"));
  }
  const bool answered = GENERATE(false, true);
  for (unsigned i = 0; i < 1000; ++i) {
    Wire greeter(bench, "10.0.1.1", "10.0.0.80", 1024 + i);
    if (answered)
      greeter.open();
    else
      greeter.send(0, "", packet::syn_flag, 1);
  }
  for (Wire& wire : wires) wire.answer(answer_of(""));
  CHECK(requests(bench) == Lines{"GET /a 2xx 10"});
}

TEST_CASE("http: requests that wait for an answer are bounded, each counts once") {
  HttpBench bench({.max_streams = 16});
  Wire wire(bench);
  wire.open();
  for (std::size_t i = 0; i < HttpStreams::most_waiting + 10; ++i) wire.ask(get("/a"));
  CHECK(requests(bench).size() == 1);
  for (std::size_t i = 0; i < HttpStreams::most_waiting + 10; ++i) wire.answer(answer_of(""));
  wire.close();
  const Lines lines = requests(bench);
  REQUIRE(lines.size() == 2);
  const auto number = [](const std::string& line) { return std::stoul(line.substr(line.rfind(' '))); };
  CHECK(number(lines[0]) + number(lines[1]) == HttpStreams::most_waiting + 10);
  CHECK(bench.counted("http_unmatched_responses") == number(lines[1]));
}

TEST_CASE("http: what finds no row, or no series, is other") {
  for (const bool by_series : {false, true}) {
    HttpBench bench({.max_rows = by_series ? 100U : 16U}, by_series ? 6 + 16 : 10'000);
    Wire wire(bench);
    wire.open();
    std::size_t bytes = 0;
    for (int i = 0; i < 40; ++i) {
      const std::string request = get("/" + std::to_string(i));
      bytes += request.size();
      wire.ask(request);
      wire.answer(answer_of(""));
    }
    std::uint64_t rows = 0, counted = 0, others = 0;
    for (const Sample& sample : bench.tell()) {
      ++rows;
      counted += sample.values[1].as_unsigned();
      if (sample.series->tag("section") == "other") others = sample.values[0].as_unsigned();
    }
    CHECK((rows == 17 && counted == bytes && others == 24));
  }
}

TEST_CASE("http: rows that rest make room, and live anew when they come again") {
  HttpBench bench({.max_rows = 16});
  Wire wire(bench);
  wire.open();
  std::uint64_t total = 0;
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> lives;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 3; ++i) {
      wire.ask(get("/" + std::to_string((round * 3 + i) % 30)));
      wire.answer(answer_of(""));
      ++total;
    }
    for (const Sample& sample : bench.tell())
      lives[{std::string(*sample.series->tag("section")), sample.epoch}] = sample.values[0].as_unsigned();
  }
  std::uint64_t counted = 0;
  for (const auto& [life, requests] : lives) {
    counted += requests;
    CHECK(life.first != "other");
  }
  CHECK(counted == total);
  CHECK(bench.host.series_held() <= 6 + 16);
}

TEST_CASE("http: whatever is lost, no request is counted twice, and what is whole is counted") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    HttpBench bench;
    Wire wire(bench);
    wire.open();
    std::uint64_t asked = 0, seen = 0;
    for (int i = 0; i < 50; ++i) {
      const std::string request = get("/a"), response = answer_of(std::string(random() % 3000, 'x'));
      const bool lose_request = random() % 10 == 0, lose_response = random() % 10 == 0;
      ++asked;
      if (lose_request) {
        wire.skip(0, request.size());
      } else {
        ++seen;
        wire.ask(request);
      }
      if (lose_response)
        wire.skip(1, response.size());
      else
        wire.answer(response);
      wire.acknowledge(0);
    }
    wire.close();
    std::uint64_t counted = 0;
    for (const Sample& sample : bench.tell()) counted += sample.values[0].as_unsigned();
    CHECK(counted == seen);
    CHECK(counted <= asked);
  }
}

}  // namespace trafficd::pcap_input
