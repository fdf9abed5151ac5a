#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

using trafficd::testing::Bench;

extern "C" const trafficd::PluginDescriptor* trafficd_output_text_file();

namespace trafficd {

TEST_CASE("lines are appended, also after the file was opened again") {
  const std::string line = "lan/interface,interface=eth0 rx_bytes=1c 1700000000000000000 a1\n";
  Bench bench(*trafficd_output_text_file(), "file: lines.txt");
  CHECK(bench.write(line).written == 1);
  bench.close();
  CHECK(bench.write(line).written == 1);
  CHECK(testing::read_file(bench.host().state_folder() / "lines.txt") == line + line);
}

TEST_CASE("a file that cannot be opened is tried again") {
  Bench bench(*trafficd_output_text_file(), "file: /no/such/folder/lines.txt");
  const Status status = bench.open();
  CHECK(status.code() == Status::Code::retry);
  CHECK(status.message().find("cannot open '/no/such/folder/lines.txt'") == 0);
}

}  // namespace trafficd
