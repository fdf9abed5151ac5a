#include "engine/rejects.hpp"

#include "catch.hpp"
#include "engine_fixture.hpp"
#include "trafficd/text.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

struct RejectsFixture {
  TempFolder folder;
  RejectsFile rejects{folder.path() / "rejects" / "out.txt"};
  const SeriesPtr a = link("a");

  void add(std::string_view reason, const Batch& samples) {
    std::vector<const Sample*> all;
    for (const Sample& sample : samples) all.push_back(&sample);
    REQUIRE(rejects.add(ManualClock::default_start, reason, all));
  }
};

}  // namespace

TEST_CASE_METHOD(RejectsFixture, "rejected samples are set aside with time and reason, and can be read back") {
  CHECK(folder.empty());
  const Batch two = {make_sample(a, 1, 10), make_sample(a, 2, 20)}, one = {make_sample(a, 3, 30)};
  add("too old", two);
  add("400 Bad\nRequest: \x1b[31m", one);
  CHECK(read_file(rejects.path()) == concat("# 2023-11-14T22:13:20Z too old\n", to_text(two),
                                            "# 2023-11-14T22:13:20Z 400 Bad Request: ?[31m\n", to_text(one)));
}

TEST_CASE_METHOD(RejectsFixture, "the files together are never bigger than a megabyte, and the newest are there") {
  const auto size = [&](const std::filesystem::path& path) {
    return std::filesystem::exists(path) ? std::filesystem::file_size(path) : 0;
  };
  const std::filesystem::path older = rejects.path().native() + ".1";
  Batch batch;
  for (int round = 0; round < 60; ++round) {
    batch.clear();
    for (int i = 0; i < 1 + round * 37 % 3'000; ++i) batch.push_back(make_sample(a, round * 10'000 + i, 1));
    add("no", batch);
    REQUIRE(size(rejects.path()) + size(older) <= RejectsFile::max_size);
  }
  CHECK(size(older) > RejectsFile::max_size / 4);
  CHECK(read_file(rejects.path()).ends_with(to_text(batch.back()) + "\n"));
  add("more at once than fits", Batch(30'000, make_sample(a, 1, 1)));
  CHECK(size(rejects.path()) + size(older) <= RejectsFile::max_size);
  CHECK(read_file(rejects.path()).starts_with("# "));
}

TEST_CASE_METHOD(RejectsFixture, "what cannot be set aside is told, with the file") {
  write_file(folder.path() / "rejects", "a file in its place");
  const Sample sample = make_sample(a, 1, 1);
  const Sample* one = &sample;
  const Status status = rejects.add(ManualClock::default_start, "no", {&one, 1});
  INFO(status.message());
  CHECK(status.message().find(rejects.path().native()) != std::string::npos);
}

TEST_CASE_METHOD(RejectsFixture, "where the full file cannot be moved away it does not grow, and that is told") {
  const std::filesystem::path older = rejects.path().native() + ".1";
  std::filesystem::create_directories(older / "a folder in its place");
  const Batch batch(3'000, make_sample(a, 1, 1));
  std::vector<const Sample*> all;
  for (const Sample& sample : batch) all.push_back(&sample);
  Status last = Status::ok();
  for (int round = 0; round < 20; ++round) last = rejects.add(ManualClock::default_start, "no", all);
  INFO(last.message());
  CHECK(last.message().find(older.native()) != std::string::npos);
  const auto full = std::filesystem::file_size(rejects.path());
  CHECK(full <= RejectsFile::max_size / 2);
  std::filesystem::remove_all(older);
  CHECK(rejects.add(ManualClock::default_start, "no", all).is_ok());
  CHECK(std::filesystem::file_size(older) == full);
}

TEST_CASE("what an output rejects is counted and set aside") {
  EngineServices engine;
  script().write = [](std::span<const Sample> batch) {
    WriteResult result = WriteResult::all(batch);
    result.rejected = {1, 3, 3, 99};
    result.reject_reason = "too old";
    return result;
  };
  OutputRunner runner(engine.services, output_settings(), script_output(), [] {});
  Batch batch;
  for (int i = 0; i < 5; ++i) batch.push_back(make_sample(link("a"), i, 7));
  runner.queue().push(std::make_shared<Batch>(batch));
  CHECK(runner.step().is_ok());
  CHECK(read_file(engine.folder.path() / "rejects" / "out.txt") ==
        concat("# 2023-11-14T22:13:20Z too old\n", to_text(Batch{batch[1], batch[3]})));
  CHECK(reading_of(engine.meters, "out").rejected == 2);
}
