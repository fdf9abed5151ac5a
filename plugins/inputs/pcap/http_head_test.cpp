#include "http_head.hpp"

#include "catch.hpp"

namespace trafficd::pcap_input {
namespace {

std::string section(std::string_view target, std::string_view method = "GET") {
  const std::string line = std::string(method) + " " + std::string(target) + " HTTP/1.1";
  const auto read = read_request_line(line, line);
  return read ? std::string(read->section.view()) : "bad";
}

}  // namespace

TEST_CASE("http: a section is what stands before the second slash of the path") {
  CHECK(section("/pages/create") == "/pages");
  CHECK(section("/a/") == "/a");
  CHECK(section("/a") == "/a");
  CHECK(section("/") == "/");
  CHECK(section("//a") == "/");
  CHECK(section("/a?b=/c/d") == "/a");
  CHECK(section("/?b") == "/");
  CHECK(section("/a#b/c") == "/a");
  CHECK(section("/a;b=c/d") == "/a;b=c");
}

TEST_CASE("http: other forms of a target have a section, too") {
  CHECK(section("http://example.org/a/b") == "/a");
  CHECK(section("http://example.org:8080?x") == "/");
  CHECK(section("http://example.org") == "/");
  CHECK(section("*", "OPTIONS") == "/");
  CHECK(section("example.org:443", "CONNECT") == "/");
  CHECK(section("/a/b", "CONNECT") == "/");
}

TEST_CASE("http: a section is printable, and no longer than it may be") {
  CHECK(section("/%2e%2F/x") == "/%2e%2F");
  CHECK(section("/caf\xc3\xa9/x") == "/caf%C3%A9");
  CHECK(section("/\x1b[2J/x") == "/%1B[2J");
  CHECK(section("/" + std::string(100, 'a') + "/b") == "/" + std::string(63, 'a'));
  // No half of a character at the end.
  CHECK(section("/" + std::string(61, 'a') + "\xc3\xa9") == "/" + std::string(61, 'a'));
}

TEST_CASE("http: methods that are known have a name") {
  CHECK(method_text(method_of("GET")) == "GET");
  CHECK(method_text(method_of("PROPFIND")) == "PROPFIND");
  CHECK(method_text(method_of("get")) == "other");
  CHECK(method_text(method_of("BREW")) == "other");
  CHECK(method_of("CONNECT") == connect_method);
  CHECK(method_of("HEAD") == head_method);
}

TEST_CASE("http: what is no request line is none") {
  for (const std::string_view line :
       {"", "GET", "GET /", "GET / HTTP/2.0", "GET / HTTP/1.10", "GET  HTTP/1.1", "G(T / HTTP/1.1", " / HTTP/1.1",
        "GET / HTTP/1.x", "GET / http/1.1", "PRI * HTTP/2.0"})
    CHECK_FALSE(read_request_line(line, line));
  CHECK(read_request_line("BREW /pot HTTP/1.0", " HTTP/1.0")->method == other_method);
  CHECK_FALSE(read_request_line(std::string(33, 'A') + " / HTTP/1.1", " HTTP/1.1"));
}

TEST_CASE("http: a status line has a status") {
  CHECK(read_status_line("HTTP/1.1 200 OK") == 200);
  CHECK(read_status_line("HTTP/1.0 404") == 404);
  CHECK(read_status_line("HTTP/1.1 599 ") == 599);
  CHECK(read_status_line("HTTP/1.1 999 x") == 599);
  for (const char* line : {"HTTP/1.1 099 x", "HTTP/1.1 20", "HTTP/2.0 200 OK", "HTTP/1.1 2000", ""})
    CHECK_FALSE(read_status_line(line));
}

TEST_CASE("http: headers say where a body ends") {
  Framing framing;
  for (const char* line : {"Host: a", "CONTENT-length:\t 12 ", "content-length: 12", "nonsense"})
    framing.read_header(line);
  CHECK((framing.length == 12U && !framing.broken && !framing.coded));
  framing.read_header("Content-Length: 13");
  CHECK(framing.broken);
  for (const char* line :
       {"Content-Length: ", "Content-Length: -1", "Content-Length: 1, 1", "Content-Length: 99999999999999999999"}) {
    Framing bad;
    bad.read_header(line);
    CHECK(bad.broken);
  }
  Framing coded;
  coded.read_header("Transfer-Encoding: gzip, Chunked");
  CHECK((coded.coded && coded.chunked));
  coded.read_header("transfer-encoding: gzip");
  CHECK_FALSE(coded.chunked);
}

TEST_CASE("http: a chunk has a size") {
  CHECK(read_chunk_size("1aF") == 0x1af);
  CHECK(read_chunk_size(" 0 ; name=value") == 0);
  CHECK_FALSE(read_chunk_size(""));
  CHECK_FALSE(read_chunk_size("x"));
  CHECK_FALSE(read_chunk_size("10000000000000000"));
}

TEST_CASE("http: the beginning of a message is recognised, and words of a text are not") {
  CHECK(begins_request("GET / HTTP/1.1"));
  CHECK(begins_request("OPTIONS * HTTP/1.1"));
  CHECK(begins_request("BREW /pot"));
  CHECK_FALSE(begins_request("Then /we"));
  CHECK_FALSE(begins_request("GET"));
  CHECK_FALSE(begins_request(""));
  CHECK(begins_response("HTTP/1.1 200 OK"));
  CHECK_FALSE(begins_response("HTTP/2"));
}

}  // namespace trafficd::pcap_input
