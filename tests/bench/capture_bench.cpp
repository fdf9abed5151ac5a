// Packets of a recorded capture, read and booked, against an empty loop of libpcap over the same file: at least 0.75 of
// its speed with 5,000 devices, 0.33 when 200,000 addresses on the internet are told apart too. TRAFFICD_CAPTURE names
// another file; without it one is made here.

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <pcap/pcap.h>

#include <cstdlib>
#include <random>
#include <stdexcept>

#include "packet/made_frames.hpp"
#include "recording.hpp"
#include "trafficd/testing/host.hpp"

using namespace trafficd;
using namespace trafficd::packet::made;

namespace {

constexpr int packets = 1'000'000;
constexpr unsigned devices = 5000, remotes = 200'000;

std::string hexadecimal(unsigned number) {
  char text[6];
  std::snprintf(text, sizeof text, "%02x:%02x", number >> 8 & 255, number & 255);
  return text;
}

/// A frame of one device to or from its gateway: a quarter IPv6, one device in 25 in a VLAN.
Bytes some_frame(std::mt19937& random) {
  const unsigned device = random() % devices, remote = random() % remotes;
  const bool up = random() % 8 < 3, six = random() % 4 == 0;
  const std::string ours = six ? concat("fd00::", device + 1) : concat("10.0.", device >> 8, '.', device & 255);
  const std::string theirs = six ? concat("2001:db8::", remote % 10'000)
                                 : concat("198.", 18 + (remote >> 17 & 1), '.', remote >> 8 & 255, '.', remote & 255);
  const std::string hardware_of = "02:00:00:00:" + hexadecimal(device), gateway = "02:aa:00:00:00:01";
  const Bytes packet = up ? ip(ours, theirs, 6, Bytes(40)) : ip(theirs, ours, 6, Bytes(40));
  const unsigned type = type_of(packet);
  const Bytes payload = device % 25 == 24 ? tagged(10, type, packet) : packet;
  return ethernet(up ? hardware_of : gateway, up ? gateway : hardware_of, device % 25 == 24 ? 0x8100 : type, payload);
}

const std::string& trace() {
  static const testing::TempFolder folder;
  static const std::string path = [] {
    if (const char* given = std::getenv("TRAFFICD_CAPTURE")) return std::string(given);
    std::string made = folder.path() / "made.pcap";
    pcap_t* const handle = pcap_open_dead(DLT_EN10MB, 96);
    pcap_dumper_t* const out = pcap_dump_open(handle, made.c_str());
    if (out == nullptr) throw std::runtime_error(pcap_geterr(handle));
    std::mt19937 random(42);
    for (int i = 0; i < packets; ++i) {
      const Bytes bytes = some_frame(random);
      const auto size = static_cast<bpf_u_int32>(bytes.size());
      const pcap_pkthdr header{{1'700'000'000 + i / 100'000, i % 100'000 * 10}, std::min<bpf_u_int32>(size, 96), size};
      pcap_dump(reinterpret_cast<u_char*>(out), &header, bytes.data());
    }
    pcap_dump_close(out);
    pcap_close(handle);
    return made;
  }();
  return path;
}

void count(u_char* counted, const pcap_pkthdr*, const u_char*) { ++*reinterpret_cast<std::int64_t*>(counted); }

std::int64_t read_emptily() {
  char error[PCAP_ERRBUF_SIZE];
  pcap_t* const handle = pcap_open_offline(trace().c_str(), error);
  if (handle == nullptr) throw std::runtime_error(error);
  std::int64_t counted = 0;
  pcap_loop(handle, -1, count, reinterpret_cast<u_char*>(&counted));
  pcap_close(handle);
  return counted;
}

struct Nobody final : Emitter {
  void emit(Batch& batch) override { batch.clear(); }
};

void read_and_book(std::uint64_t told_remotes) {
  testing::TestHost host({.max_series = 1'000'000});
  pcap_input::Config config;
  config.files = {trace()};
  config.max_rows = 60'000;
  config.remotes = told_remotes;
  config.max_remotes = 300'000;
  pcap_input::Recording recording(config, host);
  Nobody nobody;
  if (const Status status = recording.run({}, nobody); !status) throw std::runtime_error(status.message());
}

void make_trace(const benchmark::State&) { trace(); }

void empty_loop(benchmark::State& state) {
  std::int64_t counted = 0;
  for ([[maybe_unused]] auto each : state) counted += read_emptily();
  state.SetItemsProcessed(counted);
}
BENCHMARK(empty_loop)->Setup(make_trace)->Unit(benchmark::kMillisecond);

/// `ratio`: the empty loop's time by this one's, each pair measured together.
void recording(benchmark::State& state) {
  std::chrono::nanoseconds empty{}, booked{};
  std::int64_t counted = 0;
  for ([[maybe_unused]] auto each : state) {
    const auto start = std::chrono::steady_clock::now();
    counted += read_emptily();
    const auto middle = std::chrono::steady_clock::now();
    read_and_book(static_cast<std::uint64_t>(state.range(0)));
    const auto end = std::chrono::steady_clock::now();
    empty += middle - start;
    booked += end - middle;
    state.SetIterationTime(std::chrono::duration<double>(end - middle).count());
  }
  state.SetItemsProcessed(counted);
  state.counters["ratio"] = static_cast<double>(empty.count()) / static_cast<double>(booked.count());
}
BENCHMARK(recording)
    ->Arg(0)
    ->ArgName("remotes")
    ->Arg(20)
    ->Setup(make_trace)
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime();

/// `bytes`: what the table takes for each of 9,000 rows, all at once, by hardware address or by address; the series of
/// a row stands beside it. At most 160 are wanted.
void row_memory(benchmark::State& state) {
  constexpr std::size_t rows = 9'000;
  for ([[maybe_unused]] auto each : state) {
    const auto taken = [] {
      const auto now = mallinfo2();
      return now.uordblks + now.hblkhd;
    };
    const std::size_t before = taken();
    pcap_input::Rows table(rows);
    table.take_memory(state.range(0) != 0);
    state.counters["bytes"] = static_cast<double>(taken() - before) / rows;
  }
}
BENCHMARK(row_memory)->ArgName("hardware")->Arg(1)->Arg(0)->Iterations(1);

}  // namespace
