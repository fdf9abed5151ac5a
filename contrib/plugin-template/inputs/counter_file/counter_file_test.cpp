#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

using namespace std::chrono_literals;
using trafficd::testing::Bench;
using trafficd::testing::TempFolder;

extern "C" const trafficd::PluginDescriptor* trafficd_input_counter_file();

namespace trafficd {

TEST_CASE("each tick gives the number that the file holds then") {
  TempFolder folder;
  const std::string file = folder.write("count", "5\n");
  Bench bench(*trafficd_input_counter_file(), "name: frames\nfile: " + file);
  bench.clock().at(15s, [&] { folder.write("count", "18446744073709551615\n"); });
  REQUIRE(bench.advance(20s).is_ok());
  REQUIRE(bench.samples().size() == 3);
  CHECK(bench.samples()[0].series->tag("name") == "frames");
  CHECK(bench.samples()[0].values == std::vector<Value>{5});
  CHECK(bench.samples()[1].values == std::vector<Value>{5});
  CHECK(bench.samples()[2].values == std::vector<Value>{18446744073709551615u});
}

TEST_CASE("a file without a number is tried again, and the failure says why") {
  TempFolder folder;
  Bench bench(*trafficd_input_counter_file(), "name: frames\nfile: " + folder.write("count", "many").string());
  const Status status = bench.collect();
  CHECK(status.code() == Status::Code::retry);
  CHECK(status.message().find("holds no number, but 'many'") != std::string::npos);
  folder.write("count", "7");
  CHECK(bench.collect().is_ok());
  CHECK(bench.samples().size() == 1);
}

TEST_CASE("a file that is missing is tried again") {
  Bench bench(*trafficd_input_counter_file(), "{ name: frames, file: /no/such/file }");
  CHECK(bench.collect().message() == "cannot read '/no/such/file': No such file or directory");
}

}  // namespace trafficd
