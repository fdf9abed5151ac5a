#pragma once
// The input on a small /sys and /proc of its own, for tests.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

extern "C" const trafficd::PluginDescriptor* trafficd_input_interface();

namespace trafficd::interface {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Tree {
 public:
  Tree() {
    folder_.write("proc/sys/kernel/random/boot_id", "1b0c2f9e-0000-4000-8000-000000000001\n");
    fs::create_directories(net());
  }
  fs::path net() const { return folder_.path() / "sys/class/net"; }
  void proc(const std::string& name, std::string_view content) { folder_.write("proc/" + name, content); }
  void set(const std::string& name, const std::string& file, std::string_view content) {
    folder_.write("sys/class/net/" + name + "/" + file, content);
  }
  void add(const std::string& name, int index, std::uint64_t rx = 0, std::uint64_t tx = 0) {
    set(name, "ifindex", std::to_string(index) + "\n");
    set(name, "type", "1\n");
    set(name, "operstate", "up\n");
    for (const char* zero : {"rx_packets", "tx_packets", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped"})
      set(name, std::string("statistics/") + zero, "0\n");
    count(name, rx, tx);
  }
  void count(const std::string& name, std::uint64_t rx, std::uint64_t tx) {
    set(name, "statistics/rx_bytes", std::to_string(rx) + "\n");
    set(name, "statistics/tx_bytes", std::to_string(tx) + "\n");
  }
  void remove(const std::string& name) { fs::remove_all(net() / name); }
  void rename(const std::string& from, const std::string& to) { fs::rename(net() / from, net() / to); }
  std::string yaml(const std::string& more = {}) const { return "root: " + folder_.path().string() + "\n" + more; }

 private:
  testing::TempFolder folder_;
};

class Watch {
 public:
  explicit Watch(const Tree& tree, const std::string& more = {})
      : bench_(*trafficd_input_interface(), tree.yaml(more)) {}
  testing::Bench* operator->() { return &bench_; }
  /// The samples of one collect.
  Batch tick() {
    bench_.clear();
    REQUIRE(bench_.collect().is_ok());
    bench_.clock().advance(10s);
    return bench_.samples();
  }

 private:
  testing::Bench bench_;
};

inline std::vector<std::string> names(const Batch& batch) {
  std::vector<std::string> all;
  for (const Sample& sample : batch) all.emplace_back(*sample.series->tag("interface"));
  std::ranges::sort(all);
  return all;
}

inline const Sample& of(const Batch& batch, std::string_view name, std::string_view measurement = "interface") {
  for (const Sample& sample : batch)
    if (sample.series->tag("interface") == name && sample.series->measurement().name() == measurement) return sample;
  FAIL("no sample of " << name);
  return batch.front();
}

inline Value value(const Sample& sample, std::string_view field) {
  const auto& fields = sample.series->measurement().fields();
  REQUIRE(sample.values.size() == fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == field) return sample.values[i];
  FAIL("no field " << field);
  return {};
}

using Names = std::vector<std::string>;

}  // namespace trafficd::interface
