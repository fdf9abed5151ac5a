// Any bytes as what clients and servers send. The first byte says how: as the stream of one side, which is read the
// same wherever it is split; as segments of a few connections, in any order and with holes; or as packets of IP.

#include "inputs/pcap/http_wire.hpp"
#include "require.hpp"

using namespace trafficd;
using namespace trafficd::pcap_input;

namespace {

using Event = HttpReader::Event;

/// What a reader says of a stream that comes in pieces of these sizes, over and over; up to what is no HTTP.
std::string events(HttpReader::Side side, std::string_view stream, std::string_view sizes) {
  HttpReader reader(side);
  std::string all;
  std::uint64_t bytes = 0;
  for (std::size_t piece = 0; !stream.empty(); ++piece) {
    const std::size_t size =
        sizes.empty() ? stream.size() : 1U + static_cast<std::uint8_t>(sizes[piece % sizes.size()]);
    std::string_view part = stream.substr(0, size);
    stream.remove_prefix(part.size());
    while (!part.empty()) {
      const bool in_body = reader.in_body();
      std::size_t taken = 0;
      const Event event = reader.read(part, taken);
      FUZZ_REQUIRE(taken <= part.size() && (taken > 0 || event != Event::more));
      part.remove_prefix(taken);
      bytes += in_body ? taken : 0;
      if (event == Event::lost) return all + "lost";
      if (event == Event::end) all += concat("end ", std::exchange(bytes, 0), "\n");
      if (event != Event::head) continue;
      FUZZ_REQUIRE(printable(reader.request().section.view()) == reader.request().section.view());
      const bool requests = side == HttpReader::Side::requests;
      all += concat("head ", reader.head_bytes(), " ", reader.request().section.view(), " ", reader.status());
      all += reader.expect_body(requests ? HttpReader::Body::framed : HttpReader::Body::until_end) ? " empty\n" : "\n";
      if (reader.is_lost()) return all + "lost";
    }
  }
  return all + concat(bytes);
}

void read_stream(HttpReader::Side side, std::string_view data) {
  const std::size_t sizes = std::min<std::size_t>(data.size(), 4);
  const std::string_view stream = data.substr(sizes);
  FUZZ_REQUIRE(events(side, stream, data.substr(0, sizes)) == events(side, stream, {}));
}

/// Each request counts once, and has a line of its own.
void check_told(HttpBench& bench, std::uint64_t lines) {
  std::uint64_t requests = 0;
  for (const Sample& sample : bench.tell()) requests += sample.values[0].as_unsigned();
  FUZZ_REQUIRE(requests <= lines);
}

/// Behind a byte that says whose and where, one with the length, and the bytes of the segment.
void read_segments(HttpBench& bench, std::string_view data) {
  std::vector<Wire> wires;
  for (unsigned i = 0; i < 4; ++i)
    wires.emplace_back(bench, i < 2 ? "10.0.0.1" : "fd00::1", i < 2 ? "10.0.0.2" : "fd00::2", 80 + i % 2);
  std::uint64_t lines = 0;
  while (data.size() >= 2) {
    const auto what = static_cast<std::uint8_t>(data[0]);
    const std::string_view bytes = data.substr(2, static_cast<std::uint8_t>(data[1]));
    data.remove_prefix(2 + bytes.size());
    Wire& wire = wires[what & 3];
    const int side = what >> 2 & 1;
    lines += static_cast<std::uint64_t>(std::ranges::count(bytes, '\n'));
    switch (what >> 3 & 7) {
      case 0: wire.open(); break;
      case 1: wire.end(side); break;
      case 2: wire.reset(side); break;
      case 3: wire.skip(side, bytes.size() + (what >> 6) * 100'000'000U); break;
      case 4: wire.send(side, bytes, packet::ack_flag, wire.next(side) + bytes.size() + what); break;  // too early
      case 5: wire.send(side, bytes, packet::ack_flag, wire.next(side) - bytes.size() / 2); break;     // again
      case 6: wire.send(side, bytes, packet::ack_flag, wire.next(side), bytes.size() / 2); break;      // cut off
      default: wire.say(side, bytes, 1U + what);
    }
    if ((what & 0xf8) == 0xc0) bench.now += 200;
  }
  bench.now += 2 * HttpStreams::longest_silence;
  check_told(bench, lines);
}

void read_packets(HttpBench& bench, std::string_view data) {
  std::uint64_t lines = 0;
  while (!data.empty()) {
    const std::string_view bytes = data.substr(1, static_cast<std::uint8_t>(data[0]));
    data.remove_prefix(1 + bytes.size());
    lines += static_cast<std::uint64_t>(std::ranges::count(bytes, '\n'));
    bench.see(packet::made::Bytes(bytes.begin(), bytes.end()));
  }
  bench.now += 2 * HttpStreams::longest_silence;
  check_told(bench, lines);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 4 < 2) {
    read_stream(data[0] % 4 == 0 ? HttpReader::Side::requests : HttpReader::Side::responses, rest);
    return 0;
  }
  HttpBench bench({.max_streams = 16, .max_rows = 16});
  if (data[0] % 4 == 2)
    read_segments(bench, rest);
  else
    read_packets(bench, rest);
  return 0;
}
