#include "file_capture.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "catch.hpp"
#include "recorded_packets.hpp"
#include "trafficd/testing/temp_folder.hpp"
#include "trafficd/units.hpp"

namespace trafficd::pcap_input {
namespace {

using State = FileCapture::State;

constexpr int micro = PCAP_TSTAMP_PRECISION_MICRO, nano = PCAP_TSTAMP_PRECISION_NANO;
constexpr std::int64_t first_stamp = first_second * 1'000'000'000 + 123'456'789;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// All that a capture gives, to its end.
struct Reading {
  explicit Reading(FileCapture& capture) {
    while (true) {
      const State state = capture.read(note, user(seen));
      if (state == State::begun) begun.push_back(capture.file());
      if (state == State::trouble) troubles.push_back(capture.trouble());
      if (state == State::ended || state == State::stopped) {
        last = state;
        return;
      }
    }
  }
  Seen seen;
  std::vector<std::string> begun, troubles;
  State last;
};

/// Bytes in the order of the machine, as pcapng has them behind its mark.
template <class T>
void append(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_block(std::string& out, std::uint32_t type, const std::string& body) {
  const auto length = static_cast<std::uint32_t>(12 + body.size());
  append(out, type);
  append(out, length);
  out += body;
  append(out, length);
}

/// One section, one Ethernet interface with stamps in nanoseconds, one packet of 60 bytes.
std::string next_generation() {
  std::string section, interface, packet, out;
  append<std::uint32_t>(section, 0x1a2b3c4d);
  append<std::uint16_t>(section, 1);
  append<std::uint16_t>(section, 0);
  append<std::int64_t>(section, -1);
  append<std::uint16_t>(interface, 1);
  append<std::uint16_t>(interface, 0);
  append<std::uint32_t>(interface, 96);
  append<std::uint16_t>(interface, 9);  // if_tsresol
  append<std::uint16_t>(interface, 1);
  append<std::uint32_t>(interface, 9);  // 10^-9 s, and padding
  append<std::uint32_t>(interface, 0);  // the end of the options
  append<std::uint32_t>(packet, 0);
  append<std::uint32_t>(packet, static_cast<std::uint32_t>(first_stamp >> 32));
  append<std::uint32_t>(packet, static_cast<std::uint32_t>(first_stamp));
  append<std::uint32_t>(packet, 60);
  append<std::uint32_t>(packet, 60);
  packet.append(60, '\x01');
  append_block(out, 0x0a0d0d0a, section);
  append_block(out, 1, interface);
  append_block(out, 6, packet);
  return out;
}

struct Folder : testing::TempFolder {
  std::string file(const std::string& name, const std::string& content) const { return write(name, content); }
  std::string made(int packets, int precision = nano, int datalink = DLT_EN10MB) const {
    return capture(path(), packets, precision, datalink);
  }
};

struct Pipe {
  Pipe() { REQUIRE(::pipe2(ends, O_CLOEXEC) == 0); }
  ~Pipe() {
    ::close(ends[0]);
    finish();
  }
  void finish() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }
  void say(const std::string& text) {
    REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string name() const { return concat("/proc/self/fd/", ends[0]); }
  int ends[2];
};

}  // namespace

TEST_CASE("pcap: stamps are in nanoseconds, whatever the file holds") {
  const Folder folder;
  FileCapture capture({{folder.file("micro", folder.made(2, micro)), folder.file("nano", folder.made(1)),
                        folder.file("ng", next_generation())}});
  const Reading reading(capture);
  CHECK(reading.troubles.empty());
  CHECK(reading.seen.lengths == std::vector<std::uint32_t>{100, 101, 100, 60});
  CHECK(reading.seen.kept == std::vector<std::uint32_t>{96, 96, 96, 60});
  CHECK(reading.seen.stamps ==
        std::vector<std::int64_t>{first_stamp - 789, first_stamp - 789 + 1'000'000'000, first_stamp, first_stamp});
}

TEST_CASE("pcap: files are read one after the other, each with its own link type") {
  const Folder folder;
  const std::string one = folder.file("one", folder.made(3)), two = folder.file("two", folder.made(2, nano, DLT_RAW));
  FileCapture capture({{one, two}});
  Seen seen;
  CHECK(capture.read(note, user(seen)) == State::begun);
  CHECK(capture.file() == one);
  CHECK(capture.datalink() == DLT_EN10MB);
  CHECK(capture.read(note, user(seen), 2) == State::more);
  CHECK(seen.lengths.size() == 2);
  CHECK(capture.read(note, user(seen), 2) == State::more);
  CHECK(seen.lengths.size() == 3);
  CHECK(capture.read(note, user(seen)) == State::begun);
  CHECK(capture.file() == two);
  CHECK(capture.datalink() == DLT_RAW);
  CHECK(capture.read(note, user(seen)) == State::more);
  CHECK(capture.read(note, user(seen)) == State::ended);
  CHECK(capture.read(note, user(seen)) == State::ended);
  CHECK(seen.lengths.size() == 5);
  CHECK(capture.read_bytes() == capture.total_bytes());
  capture.close();
  CHECK(Reading(capture).seen.lengths.size() == 5);
}

TEST_CASE("pcap: what gzip packed is told by its content, in several pieces and with padding") {
  const Folder folder;
  const std::string whole = folder.made(3'000), packed = gzip(whole.substr(0, 1'000)) + gzip(whole.substr(1'000));
  FileCapture capture({{folder.file("plain.gz", whole), folder.file("packed", packed),
                        folder.file("padded.pcap", packed + std::string(512, '\0'))}});
  const Reading reading(capture);
  CHECK(reading.troubles.empty());
  CHECK(reading.seen.lengths.size() == 9'000);
  CHECK(capture.total_bytes() == whole.size() + 2 * packed.size() + 512);
}

TEST_CASE("pcap: of a damaged file counts what came before, and reading goes on with the next one") {
  const Folder folder;
  const std::string whole = folder.made(10), packed = gzip(whole);
  constexpr std::size_t header = 24, record = 16 + 96;
  std::string mad = whole;
  mad.replace(header + 4 * record + 8, 4, "\xff\xff\xff\x7f");  // the kept length of the fifth packet
  std::string torn = packed;
  for (std::size_t i = torn.size() / 2; i < torn.size(); ++i) torn[i] = static_cast<char>(~torn[i]);
  FileCapture capture({{folder.file("cut", whole.substr(0, header + 3 * record + 5)), folder.file("mad", mad),
                        folder.file("torn", torn), folder.file("short", packed.substr(0, packed.size() - 12)),
                        folder.file("good", whole)}});
  const Reading reading(capture);
  REQUIRE(reading.troubles.size() >= 3);
  CHECK(holds(reading.troubles[0],
              "cut' is damaged at byte 365; the packets before are counted: it is cut off in the midst of a packet"));
  CHECK(holds(reading.troubles[1], concat("mad' is damaged at byte ", header + 4 * record + 16)));
  CHECK(holds(reading.troubles[2], "torn' is"));
  CHECK(holds(reading.troubles[2], "the compressed data are damaged"));
  CHECK(holds(reading.troubles.back(), "the compressed data end too early"));
  CHECK(capture.damaged_files() + capture.skipped_files() == 4);
  CHECK(capture.damaged_files() >= 2);
  REQUIRE(reading.seen.lengths.size() >= 3 + 4 + 10);
  CHECK(reading.begun.back() == (folder.path() / "good").string());
}

TEST_CASE("pcap: what is no capture is skipped with the reason") {
  const Folder folder;
  FileCapture capture(
      {{folder.file("empty", ""), folder.file("text", "this is no capture at all\n"),
        (folder.path() / "missing").string(), folder.path().string(),
        folder.file("air", folder.made(1, nano, DLT_IEEE802_11_RADIO)), folder.file("good", folder.made(1))},
       "tcp"});
  const Reading reading(capture);
  REQUIRE(reading.troubles.size() == 5);
  CHECK(holds(reading.troubles[0], "empty' is skipped: it is empty"));
  CHECK(holds(reading.troubles[1],
              "text' is skipped: it is no capture of pcap or pcapng, or its beginning is damaged: "));
  CHECK(holds(reading.troubles[2], "missing' is skipped: cannot open it: No such file or directory"));
  CHECK(holds(reading.troubles[3], "is skipped: it is a folder: name the files in it"));
  CHECK(holds(reading.troubles[4], "air' is skipped: 802.11 frames"));
  CHECK(capture.skipped_files() == 5);
  CHECK(capture.damaged_files() == 0);
  CHECK(reading.begun == std::vector<std::string>{(folder.path() / "good").string()});
  CHECK(reading.seen.lengths.empty());  // by the filter
}

TEST_CASE("pcap: a filter holds for all files, and skips those whose link type it does not fit") {
  const Folder folder;
  FileCapture capture({{folder.file("raw", folder.made(1, nano, DLT_RAW)), folder.file("ethernet", folder.made(2))},
                       "ether host 02:00:00:00:00:01 and greater 97"});
  const Reading reading(capture);
  REQUIRE(reading.troubles.size() == 1);
  CHECK(holds(reading.troubles[0], "raw' is skipped: the filter 'ether host"));
  CHECK(reading.seen.lengths.size() == 2);
}

TEST_CASE("pcap: a filter that lets little pass keeps nobody waiting, whatever the form of the file") {
  const Folder folder;
  const std::string whole = folder.made(100);
  std::string old = whole;
  // Its minor version, 2.3: what only libpcap reads. There, both lengths of a packet may stand either way.
  old[6] = 3;
  FileCapture capture({{folder.file("whole", whole), folder.file("old", old)}, "greater 199"});
  Seen seen;
  int calls = 0, begun = 0;
  for (State state = State::more; state != State::ended; ++calls) {
    state = capture.read(note, user(seen), 10);
    REQUIRE(state != State::trouble);
    begun += state == State::begun ? 1 : 0;
  }
  CHECK(begun == 2);
  CHECK(calls >= 20);
  CHECK(seen.lengths == std::vector<std::uint32_t>{199, 199});
}

TEST_CASE("pcap: what libpcap does not read of pcapng is told with what to do") {
  const Folder folder;
  std::string raw;
  append<std::uint16_t>(raw, 101);
  append<std::uint16_t>(raw, 0);
  append<std::uint32_t>(raw, 96);
  std::string several = next_generation();
  append_block(several, 1, raw);
  FileCapture capture({{folder.file("several", several)}});
  const Reading reading(capture);
  REQUIRE(reading.troubles.size() == 1);
  CHECK(holds(reading.troubles[0], "give each interface a file of its own"));
  CHECK(reading.seen.lengths.size() == 1);
}

TEST_CASE("pcap: a pipe is waited for before each read, and its packets are given as they come") {
  const Folder folder;
  const std::string whole = folder.made(4);
  Pipe pipe;
  int waits = 0;
  FileCapture capture({{pipe.name()}, "", [&](int) {
                         constexpr std::size_t piece = 50;
                         const std::size_t at = piece * static_cast<std::size_t>(waits++);
                         if (at < whole.size())
                           pipe.say(whole.substr(at, piece));
                         else
                           pipe.finish();
                         return true;
                       }});
  const Reading reading(capture);
  CHECK(reading.troubles.empty());
  CHECK(reading.last == State::ended);
  CHECK(reading.seen.lengths.size() == 4);
  CHECK(waits > 4);
  CHECK(capture.total_bytes() == 0);
  CHECK(capture.read_bytes() == whole.size());
}

TEST_CASE("pcap: a stop ends a wait, at the beginning and in the midst of a packet") {
  const Folder folder;
  const std::string whole = folder.made(4);
  const std::size_t before = GENERATE(0, 2, 10, 30, 200);
  Pipe pipe;
  if (before > 0) pipe.say(whole.substr(0, before));
  bool said = before == 0;
  FileCapture capture({{pipe.name()}, "", [&](int) { return !std::exchange(said, true); }});
  const Reading reading(capture);
  CHECK(reading.last == State::stopped);
  CHECK(reading.troubles.empty());
  CHECK(reading.seen.lengths.size() == (before == 200 ? 1 : 0));
  CHECK(capture.damaged_files() + capture.skipped_files() == 0);
  Seen seen;
  CHECK(capture.read(note, user(seen)) == State::stopped);
}

TEST_CASE("pcap: '-' is standard input, packed or not, and stays open") {
  const Folder folder;
  const std::string whole = folder.made(3);
  const auto [piped, content] =
      GENERATE_COPY(table<bool, std::string>({{true, whole}, {true, gzip(whole)}, {false, whole}}));
  Pipe pipe;
  int source = pipe.ends[0];
  constexpr off_t read_before = 7;  // by somebody else: a file is begun where it stands
  if (piped) {
    pipe.say(content);
    pipe.finish();
  } else {
    source = ::open(folder.file("input", std::string(read_before, 'x') + content).c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(::lseek(source, read_before, SEEK_SET) == read_before);
  }
  const int input = ::dup(STDIN_FILENO);
  REQUIRE(::dup2(source, STDIN_FILENO) == STDIN_FILENO);
  FileCapture capture({{"-"}});
  const Reading reading(capture);
  const bool open = ::fcntl(STDIN_FILENO, F_GETFD) >= 0;
  if (input >= 0) {
    ::dup2(input, STDIN_FILENO);
    ::close(input);
  } else {
    ::close(STDIN_FILENO);
  }
  if (!piped) ::close(source);
  CHECK(open);
  CHECK(reading.begun == std::vector<std::string>{"standard input"});
  CHECK(reading.seen.lengths.size() == 3);
  CHECK(capture.read_bytes() == content.size());
}

}  // namespace trafficd::pcap_input
