#include "trafficd/sample.hpp"

#include <atomic>
#include <random>

namespace trafficd {

std::uint64_t make_epoch(std::initializer_list<std::string_view> parts) {
  // FNV-1a, 64 bit, with a separator byte: the same parts give the same epoch on every machine and in every build.
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3ULL; };
  for (std::string_view part : parts) {
    for (char c : part) add(static_cast<unsigned char>(c));
    add(0xff);
  }
  return hash == 0 ? 1 : hash;
}

// The source of chance is slow; a table has thousands of rows that are born at one tick. One start a process, and from
// there on a mix that gives each number once (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
std::uint64_t new_epoch() {
  static std::atomic<std::uint64_t> next = [] {
    std::random_device source;
    return (static_cast<std::uint64_t>(source()) << 32) | source();
  }();
  while (true) {
    std::uint64_t epoch = next.fetch_add(0x9e3779b97f4a7c15U, std::memory_order_relaxed);
    epoch = (epoch ^ epoch >> 30) * 0xbf58476d1ce4e5b9U;
    epoch = (epoch ^ epoch >> 27) * 0x94d049bb133111ebU;
    epoch ^= epoch >> 31;
    if (epoch != 0) return epoch;
  }
}

}  // namespace trafficd
