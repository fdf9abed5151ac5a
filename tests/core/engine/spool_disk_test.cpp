// A spool on a disk that fails: each failure is a real one.

#include <sys/resource.h>

#include <csignal>

#include "core/small_disk.hpp"
#include "spool_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

struct DiskFixture : SpoolFixture {
  const SmallDisk disk{folder.path() / "small"};
  const SeriesPtr series = make_series(
      "lan", make_measurement("m", "", {{"n", Kind::counter, "1", ""}, {"noise", Kind::counter, "1", ""}}, {"link"}),
      {{"link", "a"}});
  std::uint64_t noise = 1;
  int pushed = 0;

  bool prepare() {
    if (!disk.mounted()) {
      WARN("no right to mount a small file system: not tested");
      return false;
    }
    reopen(disk.path() / "spool");
    return true;
  }
  /// Samples that do not become small.
  Batch more(int count) {
    Batch batch;
    for (int i = 0; i < count; ++i) {
      noise = noise * 6364136223846793005ULL + 1442695040888963407ULL;
      batch.push_back({series, at(pushed + i), 9, false, false, {pushed + i, noise}});
    }
    return batch;
  }
  /// Answers what became of it; what was taken counts as pushed.
  Status push(int count) {
    const Spool::Appended appended = append(more(count));
    pushed += static_cast<int>(appended.samples);
    CHECK((appended.status.is_ok() == (appended.samples == static_cast<std::size_t>(count))));
    return appended.status;
  }
  void expect_all_of(const Batch& got, int first = 0) const {
    REQUIRE(static_cast<int>(got.size()) == pushed - first);
    for (std::size_t i = 0; i < got.size(); ++i) REQUIRE(got[i].time == at(first + static_cast<int>(i)));
  }
};

}  // namespace

TEST_CASE_METHOD(DiskFixture, "a full disk: what is in the spool is delivered, nothing is lost, and on it goes") {
  if (!prepare()) return;
  REQUIRE(push(3'000));
  disk.fill();
  Status refused = Status::ok();
  for (int i = 0; i < 100 && refused; ++i) refused = push(50);
  CHECK(refused.code() == Status::Code::retry);
  INFO(refused.message());
  CHECK(refused.message().find("free some space") != std::string::npos);
  CHECK_FALSE(push(50));
  front();
  spool->advance(500);
  const int rest = pushed - 500;
  SECTION("deliver while it is full") {
    const Batch got = drain();
    expect_all_of(got, 500);
    CHECK(files().empty());
    CHECK(push(50));  // what was delivered made room
    CHECK(drain().size() == 50);
  }
  SECTION("append when there is space again") {
    disk.free();
    CHECK(push(500));
    CHECK(static_cast<int>(drain().size()) == rest + 500);
  }
  SECTION("restart while it is full") {
    reopen();
    const Batch got = drain();
    CHECK(static_cast<int>(got.size()) >= rest);
    CHECK(got.back().time == at(pushed - 1));
  }
  CHECK(damaged() == 0);
}

TEST_CASE_METHOD(DiskFixture, "a disk too full to thin on: the append is refused, and nothing of the old is lost") {
  if (!prepare()) return;
  settings.max_size = ByteSize{128 * 1024};
  reopen();
  while (spool->bytes() < 100 * 1024) REQUIRE(push(100));
  disk.fill();
  Status refused = Status::ok();
  for (int i = 0; i < 100 && refused; ++i) refused = push(100);
  CHECK(refused.message().find("free some space") != std::string::npos);
  disk.free();
  for (int i = 0; i < 30; ++i) REQUIRE(push(100));
  CHECK(bytes_on_disk() <= settings.max_size.bytes);
  const Batch got = drain();
  CHECK(got.size() + lost("spool_thinned").samples == static_cast<std::size_t>(pushed));
  CHECK(got.front().time == at(0));
  CHECK(got.back().time == at(pushed - 1));
}

TEST_CASE_METHOD(DiskFixture, "a file system that turns read-only: appends are refused with advice, delivery goes on") {
  if (!prepare()) return;
  REQUIRE(push(1'000));
  reopen();  // nothing may be open for writing
  REQUIRE(disk.read_only());
  const Status refused = push(10);
  INFO(refused.message());
  CHECK(refused.message().find("make the folder and its files writable") != std::string::npos);
  expect_all_of(drain());
  CHECK(log.contains(Level::warning, "a kill now would deliver a part again"));
  CHECK(front().empty());
  REQUIRE(disk.writable());
  CHECK(push(10));
  CHECK(drain().size() == 10);
}

TEST_CASE_METHOD(DiskFixture, "a write that ends in the middle of a block leaves no half block behind") {
  std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(push(100));
  const std::uint64_t before = bytes_on_disk();
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  const rlimit limit{before + 700, old.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  const Status refused = push(100);
  const std::uint64_t after = bytes_on_disk();
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
  CHECK_FALSE(refused);
  CHECK(after == before);
  CHECK(push(50));
  expect_all_of(drain());
  CHECK(damaged() == 0);
}
