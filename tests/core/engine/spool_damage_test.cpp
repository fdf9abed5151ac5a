// A spool whose files are damaged, at every byte and at every length: it never stops, and only what was hit is lost.

#include "engine/spool/block.hpp"
#include "spool_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

constexpr const char* only_file = "0000000001-0000000001.seg";

/// A block of a file: its place, and the samples it holds.
struct Block {
  std::size_t offset, end;
  int first, count;
};

/// CRC-32, a bit at a time.
std::uint32_t crc_of(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc % 2 == 0 ? 0 : 0xedb88320U);
  }
  return ~crc;
}

struct DamageFixture : SpoolFixture {
  const SeriesPtr series = make_series(
      "lan", make_measurement("m", "", {{"n", Kind::counter, "1", ""}, {"v", Kind::gauge, "1", ""}}, {"link"}),
      {{"link", "a"}});
  std::string whole;
  std::vector<Block> blocks;

  /// One file with three blocks of different sizes.
  DamageFixture() {
    int next = 0;
    for (const int count : {12, 3, 20}) {
      Batch batch;
      for (int i = 0; i < count; ++i) batch.push_back({series, at(next + i), 9, false, false, {next + i, 1.5 * i}});
      REQUIRE(append(batch).status);
      const std::size_t begin = blocks.empty() ? 0 : blocks.back().end;
      blocks.push_back({begin, std::filesystem::file_size(path / only_file), next, count});
      next += count;
    }
    spool.reset();
    whole = read_file(path / only_file);
  }

  /// What is delivered when the file holds these bytes.
  std::vector<int> deliver(std::string_view bytes) {
    write_file(path / only_file, bytes);
    meter_ = std::make_unique<InstanceMeter>("out", "output", "");
    spool = std::make_unique<Spool>(path, settings, *meter_, log, clock);
    std::vector<int> got;
    for (const Sample& sample : drain()) got.push_back(static_cast<int>(sample.values[0].as_unsigned()));
    CHECK(files().empty());
    return got;
  }
  std::vector<int> all_but(const std::set<std::size_t>& lost) const {
    std::vector<int> numbers;
    for (std::size_t b = 0; b < blocks.size(); ++b)
      for (int i = 0; i < blocks[b].count && !lost.contains(b); ++i) numbers.push_back(blocks[b].first + i);
    return numbers;
  }
  std::size_t block_at(std::size_t byte) const {
    std::size_t b = 0;
    while (blocks[b].end <= byte) ++b;
    return b;
  }
  std::uint64_t damaged() { return meter_->counter("spool_damaged").load(); }

  std::unique_ptr<InstanceMeter> meter_;
};

}  // namespace

TEST_CASE_METHOD(DamageFixture,
                 "a file that the disk does not give is passed over; the last few are kept under another name") {
  meter_ = std::make_unique<InstanceMeter>("out", "output", "");
  spool = std::make_unique<Spool>(path, settings, *meter_, log, clock);
  std::set<std::filesystem::path> kept;
  for (int i = 1; i <= 6; ++i) {
    REQUIRE_FALSE(spool->empty());
    const auto all = files();
    const std::filesystem::path name =
        *std::ranges::find_if(all, [](const auto& each) { return each.extension() == ".seg"; });
    // Reading a folder fails, as a bad sector does.
    std::filesystem::remove(path / name);
    std::filesystem::create_directory(path / name);
    CHECK(drain().empty());
    CHECK(damaged() == static_cast<std::uint64_t>(i));
    std::filesystem::remove(path / (name.string() + ".damaged"));
    write_file(path / (name.string() + ".damaged"), "what the disk gave later");
    kept.insert(name.string() + ".damaged");
    if (kept.size() > 4) kept.erase(kept.begin());
    CHECK(files() == kept);
    REQUIRE(append({{series, at(50 + i), 9, false, false, {50 + i, 1.0}}}).status);
  }
  CHECK(drain().size() == 1);
}

TEST_CASE_METHOD(DamageFixture,
                 "any byte may be wrong: the other blocks are delivered, and the damage is counted once") {
  for (std::size_t byte = 0; byte < whole.size(); ++byte)
    for (const int flip : {0x01, 0x80, 0xff}) {
      INFO("byte " << byte << " xor " << flip);
      std::string bytes = whole;
      bytes[byte] = static_cast<char>(bytes[byte] ^ flip);
      const std::size_t hit = block_at(byte);
      const bool state = byte == blocks[hit].offset + spool::state_offset;
      const auto got = deliver(bytes);
      REQUIRE(got == (state ? all_but({}) : all_but({hit})));
      REQUIRE(damaged() == (state ? 0 : 1));
      const bool in_header = byte < blocks[hit].offset + 56;
      REQUIRE(meter_->reading().dropped ==
              (state || in_header ? 0U : static_cast<unsigned>(blocks[hit].count)));  // a bad header tells no number
    }
}

TEST_CASE_METHOD(DamageFixture, "what version 1 left is delivered, and waits since its latest stamp") {
  std::string old;
  for (const Block& block : blocks) {
    std::string header = whole.substr(block.offset, 44);
    header[4] = 1;
    const std::uint32_t crc = crc_of(header.substr(0, 5) + header.substr(6));
    for (int i = 0; i < 4; ++i) header += static_cast<char>(crc >> (8 * i));
    old += header + whole.substr(block.offset + 56, block.end - block.offset - 56);
  }
  CHECK(deliver(old) == all_but({}));
  CHECK(deliver(whole.substr(0, blocks[0].end) + old) == [&] {
    std::vector<int> expected = all_but({1, 2});
    for (const int n : all_but({})) expected.push_back(n);
    return expected;
  }());
  CHECK(damaged() == 0);
  settings.max_age = std::chrono::hours(1);
  CHECK(deliver(old).empty());
  CHECK(deliver(old.substr(0, 47)).empty());
  CHECK(damaged() == 1);
}

TEST_CASE_METHOD(DamageFixture, "a file may end anywhere: what is whole is delivered") {
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO("length " << length);
    const std::size_t hit = block_at(length);
    std::set<std::size_t> lost;
    for (std::size_t b = hit; b < blocks.size(); ++b) lost.insert(b);
    const auto got = deliver(std::string_view(whole).substr(0, length));
    REQUIRE(got == all_but(lost));
    REQUIRE(damaged() == (length == blocks[hit].offset ? 0 : 1));
  }
}

TEST_CASE_METHOD(DamageFixture, "bytes may be missing in the middle, or be too many, or all zero") {
  SECTION("missing: the end of the first block and the beginning of the second") {
    std::string bytes = whole;
    bytes.erase(blocks[0].end - 20, 40);
    CHECK(deliver(bytes) == all_but({0, 1}));
    CHECK(damaged() == 1);
  }
  SECTION("missing within the first") {
    std::string bytes = whole;
    bytes.erase(blocks[0].end - 20, 10);
    CHECK(deliver(bytes) == all_but({0}));
    CHECK(damaged() == 1);
  }
  SECTION("too many, among them the begin of a header") {
    CHECK(deliver(whole.substr(0, blocks[0].end) + "tfsbtfsb???" + whole.substr(blocks[0].end)) == all_but({}));
    CHECK(damaged() == 1);
  }
  SECTION("the disk gave zeros from the middle of the second block on") {
    std::string bytes = whole;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(blocks[1].offset + 60), bytes.end(), '\0');
    CHECK(deliver(bytes) == all_but({1, 2}));
    CHECK(damaged() == 1);
  }
  SECTION("nothing but garbage") {
    CHECK(deliver(std::string(5'000, 'x')).empty());
    CHECK(damaged() == 1);
  }
}

TEST_CASE_METHOD(DamageFixture, "the complaint names the file and the bytes") {
  std::string bytes = whole;
  bytes[blocks[1].end - 1] ^= 1;
  deliver(bytes);
  CHECK(log.contains(Level::error, concat(blocks[1].end - blocks[1].offset, " bytes (3 samples) at byte ",
                                          blocks[1].offset, " of ", path / only_file)));
}

TEST_CASE_METHOD(DamageFixture, "lines that are no samples are counted, the others delivered") {
  // A whole block, as a program of somebody else could have written it: seven lines, of which two are no samples.
  spool::Packer packer(100'000, Duration::zero(), spool::Packer::Effort::little);
  std::string bytes;
  const auto broken = make_series("", series->measurement_ptr(), {{"link", "a"}});  // has no instance
  for (int i = 0; i < 7; ++i)
    packer.add({i == 2 || i == 5 ? broken : series, at(i), 9, false, false, {i, 0.5}}, at(i), bytes);
  packer.finish(bytes);
  CHECK(deliver(bytes + whole.substr(blocks[0].end)) == [&] {
    std::vector<int> expected = {0, 1, 3, 4, 6};
    for (const int n : all_but({0})) expected.push_back(n);
    return expected;
  }());
  CHECK(damaged() == 1);
  CHECK(meter_->reading().dropped == 2);
}

TEST_CASE_METHOD(DamageFixture, "a file that goes away or shrinks while we run is damage like any other") {
  write_file(path / only_file, whole);
  meter_ = std::make_unique<InstanceMeter>("out", "output", "");
  spool = std::make_unique<Spool>(path, settings, *meter_, log, clock);
  REQUIRE(front(1).size() == 12);
  std::vector<int> got;
  SECTION("away") {
    std::filesystem::remove(path / only_file);
    CHECK(drain().empty());
    CHECK(damaged() == 1);
  }
  SECTION("shrunk") {
    std::filesystem::resize_file(path / only_file, blocks[1].offset + 30);
    CHECK(drain().size() == 12);
    CHECK(damaged() == 1);
  }
  REQUIRE(append({{series, at(100), 9, false, false, {100, 1.0}}}).status);
  CHECK(drain().size() == 1);
}

TEST_CASE_METHOD(DamageFixture, "a block that a torn append left half is passed over, and what came later is not") {
  write_file(path / only_file, whole.substr(0, blocks[1].offset + 70));
  meter_ = std::make_unique<InstanceMeter>("out", "output", "");
  spool = std::make_unique<Spool>(path, settings, *meter_, log, clock);
  REQUIRE(append({{series, at(100), 9, false, false, {100, 1.0}}}).status);
  CHECK(files().size() == 1);
  const Batch got = drain();
  REQUIRE(got.size() == 13);
  CHECK(got.back().time == at(100));
  CHECK(damaged() == 1);
}
