#include "http.hpp"

#include "allocations.hpp"
#include "catch.hpp"
#include "http_wire.hpp"

namespace trafficd::pcap_input {
namespace {

using Lines = std::vector<std::string>;
using packet::ack_flag;

std::string line(const std::string& what, std::size_t asked, std::size_t answered, int requests = 1, int clients = 1) {
  return what + " " + std::to_string(requests) + " " + std::to_string(asked) + " " + std::to_string(answered) +
         " clients " + std::to_string(clients);
}

/// All that a connection can carry, and what is to be counted of it.
struct Conversation {
  std::string asked, answered;
  Lines lines;

  void add(const std::string& what, const std::string& request, const std::string& response) {
    asked += request;
    answered += response;
    lines.push_back(line(what, request.size(), response.size()));
    std::ranges::sort(lines);
  }
};

Conversation pipelined() {
  Conversation all;
  all.add("GET /a 2xx", get("/a/b?c=/d"), answer_of("hello"));
  all.add("POST /form 3xx", "POST /form HTTP/1.1\r\nContent-Length: 7\r\n\r\nGET / H",
          "HTTP/1.1 100 Continue\r\n\r\n" + answer_of("", 302));
  all.add("HEAD /a 2xx", "HEAD /a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  all.add("PUT /up 2xx",
          "PUT /up HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nGET \r\n1\r\n/\r\n0\r\nTrailer: 1\r\n\r\n",
          "HTTP/1.1 204 No Content\r\n\r\n");
  all.add("DELETE / 4xx", "\r\nDELETE / HTTP/1.0\n\n",
          "HTTP/1.1 404 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\nHTTP/1.1 2\r\n0\r\n\r\n");
  all.add("other /tea 5xx", "BREW /tea/pot HTTP/1.1\r\nX: " + std::string(300, 'x') + "\r\n\r\n",
          answer_of(std::string(20, 'b'), 503));
  all.add("GET /long 3xx", get("/long/" + std::string(400, 'y')), "HTTP/1.1 304 Not Modified\r\nETag: 1\r\n\r\n");
  all.add("OPTIONS / 2xx", "OPTIONS * HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nto the end");
  return all;
}

}  // namespace

TEST_CASE("http: a pipelined conversation is counted the same, wherever it is split") {
  const Conversation all = pipelined();
  const std::size_t longest = std::max(all.asked.size(), all.answered.size());
  for (std::size_t split = 1; split < longest; ++split) {
    INFO("after " << split);
    HttpBench bench;
    Wire wire(bench);
    wire.open();
    wire.ask(all.asked.substr(0, split));
    wire.ask(std::string_view(all.asked).substr(std::min(split, all.asked.size())));
    wire.answer(all.answered.substr(0, split));
    wire.answer(std::string_view(all.answered).substr(std::min(split, all.answered.size())));
    wire.close();
    CHECK(bench.lines() == all.lines);
    CHECK(bench.counted("http_unparsed_bytes") == 0);
    CHECK(bench.counted("http_gaps") == 0);
  }
  for (std::size_t size = 1; size < 60; ++size) {
    HttpBench bench;
    Wire wire(bench, "2001:db8::1", "fd00::80");
    wire.open();
    wire.ask(all.asked, size);
    wire.answer(all.answered, size);
    wire.close();
    CHECK(bench.lines() == all.lines);
  }
}

TEST_CASE("http: what is sent again, overlaps, or comes too early changes nothing") {
  const Conversation all = pipelined();
  for (std::size_t size = 3; size < 40; ++size) {
    HttpBench bench;
    Wire wire(bench);
    wire.open();
    for (int side = 0; side < 2; ++side) {
      const std::string& text = side == 0 ? all.asked : all.answered;
      const std::uint32_t start = wire.next(side);
      // Each run comes before the one that precedes it, which comes twice and reaches into it.
      for (std::size_t at = 0; at < text.size(); at += 2 * size) {
        const auto place = [&](std::size_t offset) { return start + static_cast<std::uint32_t>(offset); };
        const std::size_t second = std::min(at + size, text.size());
        if (second < text.size()) wire.send(side, text.substr(second, size), ack_flag, place(second));
        wire.send(side, text.substr(at, size + 2), ack_flag, place(at));
        wire.send(side, text.substr(at, size), ack_flag, place(at));
      }
      wire.skip(side, text.size());
    }
    wire.close();
    CHECK(bench.lines() == all.lines);
    CHECK(bench.counted("http_gaps") == 0);
  }
}

TEST_CASE("http: servers have addresses and ports, and clients are counted for each row") {
  HttpBench bench({.ports = {80, 8080}});
  const std::string request = get("/a"), response = answer_of("x");
  for (const char* client : {"10.0.0.1", "10.0.0.2", "10.0.0.1"}) {
    Wire wire(bench, client, "10.0.0.80", 40'000, 8080);
    wire.open();
    wire.ask(request);
    wire.answer(response);
    wire.close();
  }
  Wire six(bench, "fd00::1", "fd00::80");
  six.open();
  six.ask(request);
  six.answer(response);
  Wire elsewhere(bench, "10.0.0.1", "10.0.0.80", 40'000, 81);
  elsewhere.open();
  elsewhere.ask(request);
  CHECK(bench.lines(true) == Lines{line("10.0.0.80:8080 GET /a 2xx", 3 * request.size(), 3 * response.size(), 3, 2),
                                   line("[fd00::80]:80 GET /a 2xx", request.size(), response.size())});
  // Told once more, and then no more until something changes.
  CHECK(bench.lines(true).back() == line("[fd00::80]:80 GET /a 2xx", request.size(), response.size(), 1, 0));
  CHECK(bench.lines().empty());
}

TEST_CASE("http: only the servers that were asked for") {
  HttpBench bench({.servers = {*parse_network("10.0.0.80/32"), *parse_network("fd00::/16")}});
  for (const char* server : {"10.0.0.80", "10.0.0.81"}) {
    Wire wire(bench, "10.0.0.1", server);
    wire.open();
    wire.ask(get("/a"));
    wire.answer(answer_of(""));
  }
  CHECK(bench.lines(true).size() == 1);
}

TEST_CASE("http: where both ends have a server's port, who asks is the client") {
  for (const bool from_the_middle : {false, true}) {
    HttpBench bench;
    Wire wire(bench, "10.0.0.1", "10.0.0.2", 8080, 80);
    if (!from_the_middle) wire.open();
    wire.ask(get("/a"));
    wire.answer(answer_of(""));
    CHECK(bench.lines(true).front().starts_with("10.0.0.2:80 GET /a 2xx 1 "));
  }
}

TEST_CASE("http: a request without an answer counts when the connection ends") {
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  wire.ask(get("/a") + get("/b"));
  wire.answer(answer_of("x"));
  CHECK(bench.lines().size() == 1);
  SECTION("by a reset") { wire.reset(1); }
  SECTION("by both ends") { wire.close(); }
  SECTION("by another one between the same ends") {
    wire.skip(0, 100'000);
    wire.open();
  }
  SECTION("by the end of the recording") { bench.http.end(); }
  SECTION("by silence") { bench.now += HttpStreams::longest_silence + 1; }
  CHECK(bench.lines().back() == line("GET /b none", get("/b").size(), 0));
}

TEST_CASE("http: a reset far from the connection's bytes is not believed") {
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  wire.ask(get("/a"));
  wire.send(1, "", packet::rst_flag, wire.next(1) + (1U << 30));
  wire.answer(answer_of(""));
  CHECK(bench.lines() == Lines{line("GET /a 2xx", get("/a").size(), answer_of("").size())});
}

TEST_CASE("http: long answers and long questions are counted as they go") {
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  const std::string upload = "POST /a HTTP/1.1\r\nContent-Length: 100000\r\n\r\n";
  const std::string download = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
  wire.ask(upload + std::string(50'000, 'x'));
  CHECK(bench.lines().empty());
  wire.answer(download + std::string(10'000, 'y'));
  CHECK(bench.lines() == Lines{line("POST /a 2xx", upload.size() + 50'000, download.size() + 10'000)});
  wire.answer(std::string(90'000, 'y'));
  wire.ask(std::string(20'000, 'x'));
  CHECK(bench.lines() == Lines{line("POST /a 2xx", upload.size() + 70'000, download.size() + 100'000, 1, 0)});
  wire.ask(std::string(30'000, 'x') + get("/b"));
  wire.answer(answer_of(""));
  CHECK(bench.lines().back() == line("POST /a 2xx", upload.size() + 100'000, download.size() + 100'000, 1, 0));
  CHECK(bench.counted("http_unmatched_responses") == 0);
}

TEST_CASE("http: behind CONNECT and an upgrade is no HTTP") {
  HttpBench bench;
  Wire tunnel(bench), socket(bench, "10.0.0.2");
  for (Wire* wire : {&tunnel, &socket}) wire->open();
  tunnel.ask("CONNECT example.org:443 HTTP/1.1\r\n\r\n");
  tunnel.answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  tunnel.ask(get("/inside"));
  socket.ask("GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
  socket.answer("HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
  socket.ask(get("/inside"));
  const Lines lines = bench.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("CONNECT / 2xx 1 "));
  CHECK(lines[1].starts_with("GET /chat 1xx 1 "));
  CHECK(bench.counted("http_unparsed_bytes") == 0);
}

TEST_CASE("http: an upgrade before the request's body has come ends the body") {
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  const std::string upload = "POST /up HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
  const std::string upgrade = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
  wire.ask(upload);
  wire.answer(upgrade);
  wire.ask(std::string(1000, 'w'));
  wire.close();
  CHECK(bench.lines() == Lines{line("POST /up 1xx", upload.size(), upgrade.size())});
}

TEST_CASE("http: what is no HTTP is counted as that, and HTTP behind it is found") {
  HttpBench bench;
  Wire wire(bench);
  wire.open();
  wire.ask(std::string("\x16\x03\x01\x02\0\n", 6) + std::string(100, 'z'));
  wire.ask(std::string(50, 'q'));
  CHECK(bench.counted("http_unparsed_bytes") == 156);
  wire.ask(get("/a"));
  wire.answer(answer_of(""));
  CHECK(bench.lines().size() == 1);
}

TEST_CASE("http: nothing is allocated for a packet once the tables were full") {
  HttpBench bench({.max_streams = 64, .max_rows = 32});
  const Conversation all = pipelined();
  std::vector<packet::made::Bytes> packets;
  std::uint64_t before = 0;
  // Packets are made first, so that only the reading of them is looked at.
  bench.keep = &packets;
  for (unsigned i = 0; i < 400; ++i) {
    Wire wire(bench, "10.0.0." + std::to_string(i % 250), "10.0.0.80", 1024 + i);
    wire.open();
    wire.ask(get("/" + std::to_string(i)) + all.asked, 100 + i);
    wire.answer(answer_of("") + all.answered, 100 + i);
    wire.send(0, "early", ack_flag, wire.next(0) + 100);
    if (i % 3 == 0) wire.close();
  }
  bench.keep = nullptr;
  for (int round = 0; round < 3; ++round) {
    before = allocations();
    for (const packet::made::Bytes& packet : packets) bench.see(packet);
  }
  CHECK(allocations() == before);
  CHECK(bench.counted("http_evicted_streams") > 0);
}

}  // namespace trafficd::pcap_input
