#include "record_reader.hpp"

#include <random>

#include "catch.hpp"
#include "file_capture.hpp"
#include "recorded_packets.hpp"
#include "trafficd/testing/temp_folder.hpp"

namespace trafficd::pcap_input {

namespace {

using Outcome = RecordReader::Outcome;

/// What a reader made of a file.
struct Read {
  Seen seen;
  bool good = true;
  friend bool operator==(const Read& one, const Read& other) {
    return one.good == other.good && one.seen.lengths == other.seen.lengths && one.seen.kept == other.seen.kept &&
           one.seen.stamps == other.seen.stamps;
  }
};

Read by_libpcap(const std::string& path) {
  char error[PCAP_ERRBUF_SIZE];
  const Handle handle(::pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, error));
  Read read;
  if (!handle) return read.good = false, read;
  // But for the seconds, which it takes with a sign.
  const auto handler = [](u_char* seen, const pcap_pkthdr* header, const u_char* bytes) {
    pcap_pkthdr copy = *header;
    copy.ts.tv_sec = static_cast<std::uint32_t>(copy.ts.tv_sec);
    note(seen, &copy, bytes);
  };
  read.good = ::pcap_loop(handle.get(), -1, handler, user(read.seen)) == 0;
  return read;
}

Read by_us(const std::string& path, const std::string& filter = "") {
  FileCapture capture({.files = {path}, .filter = filter});
  Read read;
  for (auto state = FileCapture::State::more; state != FileCapture::State::ended;) {
    state = capture.read(note, user(read.seen), 3);
    if (state == FileCapture::State::trouble) read.good = false;
  }
  return read;
}

void put(std::string& out, std::uint32_t number, bool swapped) {
  if (swapped) number = __builtin_bswap32(number);
  out.append(reinterpret_cast<const char*>(&number), 4);
}

/// A classic file of some packets, in any of its forms.
std::string some_file(std::mt19937& random, std::uint16_t minor = 4) {
  const bool swapped = random() % 2 == 0, nano = random() % 2 == 0;
  std::string out;
  put(out, nano ? 0xa1b23c4d : 0xa1b2c3d4, swapped);
  const std::uint16_t version[] = {2, minor};
  for (const std::uint16_t each : version) {
    const std::uint16_t number = swapped ? __builtin_bswap16(each) : each;
    out.append(reinterpret_cast<const char*>(&number), 2);
  }
  put(out, 0, swapped);
  put(out, 0, swapped);
  constexpr std::uint32_t snap_lengths[] = {96, 262'144, 0, 0xffff'ffff};
  put(out, snap_lengths[random() % 4], swapped);
  put(out, 1, swapped);
  for (std::uint32_t left = random() % 20; left > 0; --left) {
    const std::uint32_t size = random() % 40 == 0 ? 262'144 : random() % 200;
    put(out, random(), swapped);
    put(out, random() % 20 == 0 ? random() : random() % (nano ? 1'000'000'000 : 1'000'000), swapped);
    put(out, size, swapped);
    put(out, random() % 3 == 0 ? random() : size, swapped);
    out.append(size, static_cast<char>(random()));
  }
  return out;
}

std::uint64_t everything(const RecordReader::Form& form, const std::string& content, std::size_t piece,
                         Outcome& outcome) {
  std::size_t at = RecordReader::header_size;
  RecordReader reader(form, [&](char* out, std::size_t size) {
    const std::size_t count = std::min({size, piece, content.size() - at});
    content.copy(out, count, at);
    at += count;
    return static_cast<ssize_t>(count);
  });
  std::uint64_t digest = 0;
  const auto handler = [](u_char* into, const pcap_pkthdr* header, const u_char* bytes) {
    auto& sum = *reinterpret_cast<std::uint64_t*>(into);
    for (bpf_u_int32 i = 0; i < header->caplen; ++i) sum = sum * 31 + bytes[i];
    sum = sum * 31 + header->len;
  };
  do outcome = reader.read(handler, reinterpret_cast<u_char*>(&digest), 2);
  while (outcome == Outcome::more);
  return digest;
}

}  // namespace

TEST_CASE("pcap: classic files are read as libpcap reads them, whole, cut off and damaged") {
  const testing::TempFolder folder;
  std::mt19937 random(5);
  for (int i = 0; i < 2'000; ++i) {
    constexpr std::uint16_t minor_versions[] = {4, 4, 4, 2, 3, 1, 5};
    std::string content = some_file(random, minor_versions[random() % 7]);
    if (i % 3 == 1) content.resize(random() % (content.size() + 1));
    // The header is for libpcap to judge.
    if (i % 3 == 2 && content.size() > 24)
      content[24 + random() % (content.size() - 24)] ^= static_cast<char>(1 << random() % 7);
    const std::string path = folder.write("file", content);
    INFO("file " << i << " of " << content.size() << " bytes");
    // An empty one is told by us.
    if (content.empty()) continue;
    REQUIRE(by_us(path) == by_libpcap(path));
    REQUIRE(by_us(path, "ip or not ip") == by_us(path));
  }
}

TEST_CASE("pcap: what a classic file says does not depend on the pieces in which it comes") {
  std::mt19937 random(6);
  for (int i = 0; i < 100; ++i) {
    std::string content = some_file(random);
    if (i % 2 == 1) content.resize(content.size() - std::min<std::size_t>(random() % 30, content.size() - 24));
    auto form = RecordReader::form_of(content);
    REQUIRE(form);
    form->keeps = 96;
    Outcome whole{}, pieces{};
    const std::uint64_t digest = everything(*form, content, content.size(), whole);
    CHECK(everything(*form, content, 1 + random() % 100, pieces) == digest);
    CHECK(whole == pieces);
  }
}

TEST_CASE("pcap: other files than classic ones are libpcap's") {
  CHECK_FALSE(RecordReader::form_of(""));
  CHECK_FALSE(RecordReader::form_of("\xd4\xc3\xb2\xa1"));
  CHECK_FALSE(RecordReader::form_of(std::string("\x0a\x0d\x0d\x0a", 4) + std::string(24, 'x')));
  CHECK_FALSE(RecordReader::form_of(std::string("\x34\xcd\xb2\xa1", 4) + std::string(24, '\0')));
  std::mt19937 random(7);
  for (int i = 0; i < 10; ++i) {
    CHECK(RecordReader::form_of(some_file(random)));
    // Where lengths stand the other way round.
    CHECK_FALSE(RecordReader::form_of(some_file(random, 2)));
    CHECK_FALSE(RecordReader::form_of(some_file(random, 3)));
  }
}

}  // namespace trafficd::pcap_input
