#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "catch.hpp"
#include "json.hpp"
#include "json/json_text.hpp"
#include "trafficd/testing/bench.hpp"
#include "trafficd/testing/golden.hpp"

using trafficd::testing::Bench;
using trafficd::testing::CapturedOutput;

extern "C" const trafficd::PluginDescriptor* trafficd_output_stdout();

namespace trafficd {
namespace {

const char* const two_lines =
    "lan/interface,interface=eth0 rx_bytes=1c 1700000000000000000 a1\n"
    "lan/interface,interface=eth1 rx_bytes=2c 1700000000000000000 a2\n";

/// Puts another descriptor in the place of standard output for as long as it lives.
class Redirected {
 public:
  explicit Redirected(int fd) : saved_(::dup(STDOUT_FILENO)) {
    if (fd >= 0)
      ::dup2(fd, STDOUT_FILENO);
    else
      ::close(STDOUT_FILENO);
  }
  ~Redirected() {
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
  }

 private:
  int saved_;
};

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  }
  ~Pipe() {
    close_reader();
    ::close(ends[1]);
  }
  void close_reader() {
    if (ends[0] >= 0) ::close(ends[0]);
    ends[0] = -1;
  }
};

Sample sample_with(std::vector<FieldSpec> fields, std::vector<Value> values, Tags attributes = {}) {
  const MeasurementPtr measurement = make_measurement("m", "", std::move(fields), {"id"});
  return {.series = make_series("box", measurement, {{"id", "1"}}, std::move(attributes)),
          .time = Timestamp(Duration(1'700'000'000'000'000'001)),
          .values = std::move(values)};
}

boost::json::object parsed(const Sample& sample) {
  std::string line;
  append_sample_json(line, sample);
  CHECK(line.find('\n') == std::string::npos);
  return boost::json::parse(line).as_object();
}

}  // namespace

TEST_CASE("text is what the codec reads back") {
  Bench bench(*trafficd_output_stdout());
  const CapturedOutput captured;
  const WriteResult result = bench.write(two_lines);
  const std::string text = captured.text();
  CHECK(result.written == 2);
  CHECK(result.status.is_ok());
  CHECK(text == two_lines);
}

TEST_CASE("JSON keeps integers and leaves out what is absent or not finite") {
  const FieldSpec gauge{"", Kind::gauge, "", ""};
  std::vector<FieldSpec> fields(7, gauge);
  for (std::size_t i = 0; i < fields.size(); ++i) fields[i].name = "f" + std::to_string(i);
  const boost::json::object object =
      parsed(sample_with(fields, {std::numeric_limits<std::uint64_t>::max(), -5, 2.5, Value{}, std::nan(""),
                                  std::numeric_limits<double>::infinity(), 1.0}));
  const boost::json::object& values = object.at("fields").as_object();
  CHECK(values.size() == 4);
  CHECK(values.at("f0").as_uint64() == std::numeric_limits<std::uint64_t>::max());
  CHECK(values.at("f1").as_int64() == -5);
  CHECK(values.at("f2").as_double() == 2.5);
  CHECK(values.at("f6").as_double() == 1.0);
  CHECK(object.at("time").as_int64() == 1'700'000'000'000'000'001);
  CHECK(object.at("measurement").as_string() == "m");
  CHECK(object.at("tags").as_object().at("instance").as_string() == "box");
}

TEST_CASE("a sample without values is still an object") {
  const boost::json::object object = parsed(sample_with({}, {}));
  CHECK(object.at("fields").as_object().empty());
  CHECK(object.at("tags").as_object().size() == 2);
}

TEST_CASE("hostile tags give valid JSON and no key twice") {
  const std::string hostile("a\"b\\c\n\x01\x7f\xff\xc0\xaf\xed\xa0\x80 \xe2\x82\xac\xf0\x9f\x98\x80\xe2\x82");
  const boost::json::object object = parsed(sample_with({}, {}, {{"name", hostile}, {"instance", "fake"}}));
  const boost::json::object& tags = object.at("tags").as_object();
  CHECK(tags.at("instance").as_string() == "box");
  CHECK(tags.at("name").as_string() == common::valid_utf8(hostile));
  CHECK(tags.size() == 3);
}

TEST_CASE("bytes that are no UTF-8 are replaced one by one") {
  const std::string r = "\xef\xbf\xbd";
  CHECK(common::valid_utf8("plain") == "plain");
  CHECK(common::valid_utf8("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") == "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(common::valid_utf8("a\x80z") == "a" + r + "z");
  CHECK(common::valid_utf8("\xc0\xaf") == r + r);                  // overlong
  CHECK(common::valid_utf8("\xe0\x80\xaf") == r + r + r);          // overlong
  CHECK(common::valid_utf8("\xed\xa0\x80") == r + r + r);          // surrogate
  CHECK(common::valid_utf8("\xf4\x90\x80\x80") == r + r + r + r);  // above U+10FFFF
  CHECK(common::valid_utf8("\xe2\x82") == r + r);                  // cut short
  CHECK(common::valid_utf8("\xe2\x82z") == r + r + "z");
}

TEST_CASE("a reader that went away ends the output") {
  ::signal(SIGPIPE, SIG_IGN);
  Bench bench(*trafficd_output_stdout());
  Pipe pipe;
  WriteResult result;
  {
    const Redirected redirected(pipe.ends[1]);
    REQUIRE(bench.open().is_ok());
    pipe.close_reader();
    result = bench.write(two_lines);
  }
  CHECK(result.status.code() == Status::Code::fatal);
  CHECK(result.status.message() == "standard output is closed: nobody reads it any more");
  CHECK(result.written == 0);
}

TEST_CASE("a standard output that was never open is said at the start") {
  Bench bench(*trafficd_output_stdout());
  Status status = Status::ok();
  {
    const Redirected redirected(-1);
    status = bench.open();
  }
  CHECK(status.code() == Status::Code::fatal);
}

TEST_CASE("a full disk is tried again") {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  Bench bench(*trafficd_output_stdout());
  WriteResult result;
  {
    const Redirected redirected(full);
    result = bench.write(two_lines);
  }
  ::close(full);
  CHECK(result.status.code() == Status::Code::retry);
  CHECK(result.written == 0);
  CHECK(result.status.message().find("cannot write to standard output") == 0);
}

TEST_CASE("a large batch on a pipe goes through in whole lines") {
  std::string lines;
  for (int i = 0; i < 300; ++i)
    lines += "lan/interface,interface=eth" + std::to_string(i) + " rx_bytes=1c 1700000000000000000 a1\n";
  REQUIRE(lines.size() > 16'384);
  REQUIRE(lines.size() < 65'536);  // what a pipe holds while nobody reads
  Bench bench(*trafficd_output_stdout());
  Pipe pipe;
  // In packet mode a read gives one write's bytes: what each write was can be seen.
  REQUIRE(::fcntl(pipe.ends[1], F_SETFL, O_DIRECT) == 0);
  WriteResult result;
  {
    const Redirected redirected(pipe.ends[1]);
    result = bench.write(lines);
  }
  CHECK(result.written == 300);
  std::string got;
  char piece[8192];
  while (got.size() < lines.size()) {
    const ssize_t size = ::read(pipe.ends[0], piece, sizeof piece);
    REQUIRE(size > 0);
    CHECK(size <= 4096);
    CHECK(piece[size - 1] == '\n');
    got.append(piece, static_cast<std::size_t>(size));
  }
  CHECK(got == lines);
}

}  // namespace trafficd
