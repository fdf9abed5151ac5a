#include "trafficd/sample.hpp"

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

std::uint64_t new_epoch() {
  std::random_device source;
  std::uint64_t epoch = 0;
  while (epoch == 0) epoch = (static_cast<std::uint64_t>(source()) << 32) | source();
  return epoch;
}

}  // namespace trafficd
