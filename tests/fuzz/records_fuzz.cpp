// Any bytes as the records of a classic capture: whatever the pieces in which they come, the same packets are given,
// none larger than it may be, and no byte is counted twice or left out. The first two bytes say what the file's header
// did and how large the pieces are.

#include <vector>

#include "inputs/pcap/record_reader.hpp"
#include "require.hpp"

using trafficd::pcap_input::RecordReader;

namespace {

struct Given {
  RecordReader::Outcome outcome{};
  std::uint64_t packets = 0, digest = 0, place = 0;
  bool operator==(const Given&) const = default;
};

Given read(const RecordReader::Form& form, const std::uint8_t* data, std::size_t size, std::size_t piece) {
  RecordReader reader(form, [&](char* out, std::size_t room) {
    const std::size_t count = std::min({room, piece, size});
    std::copy_n(data, count, out);
    data += count;
    size -= count;
    return static_cast<ssize_t>(count);
  });
  Given given;
  const auto handler = [](u_char* into, const pcap_pkthdr* header, const u_char* bytes) {
    auto& all = *reinterpret_cast<Given*>(into);
    ++all.packets;
    FUZZ_REQUIRE(header->caplen <= RecordReader::most_kept);
    for (bpf_u_int32 i = 0; i < header->caplen; ++i) all.digest = all.digest * 31 + bytes[i];
    all.digest = all.digest * 31 + header->len;
  };
  do given.outcome = reader.read(handler, reinterpret_cast<u_char*>(&given), 2);
  while (given.outcome == RecordReader::Outcome::more);
  given.place = reader.place();
  return given;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const RecordReader::Form form{
      .swapped = (data[0] & 1) != 0, .nanoseconds = (data[0] & 2) != 0, .keeps = 16U * data[0]};
  const std::size_t piece = 1U + data[1];
  const Given whole = read(form, data + 2, size - 2, size);
  FUZZ_REQUIRE(whole == read(form, data + 2, size - 2, piece));
  FUZZ_REQUIRE(whole.place <= RecordReader::header_size + size - 2);
  if (whole.outcome == RecordReader::Outcome::ended) FUZZ_REQUIRE(whole.place == RecordReader::header_size + size - 2);
  return 0;
}
