#pragma once
// Who is talked to on the internet. The table of addresses is bounded, and only the busiest are told by name: what a
// recorder keeps is bounded then, too.

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "packet/frame.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::pcap_input {

const MeasurementPtr& remote_measurement();

enum class RemoteNaming : std::uint8_t { clear, hashed, left_out };

struct RemoteSettings {
  std::size_t top = 0;        ///< so many are told by address; 0: nothing is told at all
  std::size_t addresses = 0;  ///< so many are counted apart
  RemoteNaming naming = RemoteNaming::clear;
};

/// All bytes that were counted are told, as those of an address or of `other`: an address that becomes one of the
/// busiest begins a life then, and what it moved before stays with `other`. One thread. A place in the table takes 40
/// bytes, and 30 ns at each tick.
class Remotes {
 public:
  Remotes(const RemoteSettings& settings, Host& host, std::string interface);

  /// Before the first tick. Retry when names are hashed and there is no secret for that.
  Status open();
  /// Allocates nothing.
  void count(packet::Family family, const std::uint8_t* address, bool sent, std::uint32_t length) {
    waiting_[waits_++] = {key_of(family, address), length, sent};
    if (waits_ == waiting_.size()) book();
  }
  void tell(Timestamp time, Batch& out);

 private:
  struct Key {
    std::uint64_t first, second;
    friend bool operator==(const Key&, const Key&) = default;
  };
  /// Seeded, so that nobody outside can choose addresses that all meet in one place.
  struct Hash {
    using is_avalanching = void;
    std::uint64_t seed;
    std::size_t operator()(const Key& key) const {
      const std::uint64_t first = (key.first ^ seed) * 0x9e3779b97f4a7c15U;
      const std::uint64_t product = (first ^ first >> 32 ^ key.second) * 0xd6e8feb86659fd93U;
      return product ^ product >> 32;
    }
  };
  struct Bytes {
    std::uint64_t rx = 0, tx = 0;
    std::uint64_t all() const { return rx + tx; }
    Bytes& operator+=(const Bytes& more) {
      rx += more.rx;
      tx += more.tx;
      return *this;
    }
  };
  struct Entry {
    Bytes fresh;         // since the last tick
    float score = 0;     // what it moved, the longer ago the less
    bool named = false;  // it is told by address
  };
  /// One that is told.
  struct Life {
    Key key;
    SeriesPtr series;
    std::uint64_t epoch;
    Bytes bytes;
    bool rests = false;  // told without a change
  };
  /// A packet that was not booked yet.
  struct Waiting {
    Key key;
    std::uint32_t length;
    bool sent;
  };
  using Table = boost::unordered_flat_map<Key, Entry, Hash>;

  static Key key_of(packet::Family family, const std::uint8_t* address);
  void book();
  void book(const Waiting& packet);
  std::string text_of(const Key& key);
  std::string hash_of(const Key& key);
  float least_score_to_tell();
  void age();
  void tell_named(Timestamp time, float least, Batch& out);
  void name_new_ones(Timestamp time, float least, Batch& out);
  void tell_other(Timestamp time, Batch& out);
  void make_room();
  void say(const SeriesPtr& series, std::uint64_t epoch, const Bytes& bytes, Timestamp time, Batch& out) const;

  const RemoteSettings settings_;
  Host& host_;
  const std::string interface_;
  const float keeps_;  // of a score, from tick to tick
  Table table_;
  std::vector<Life> lives_;
  // The table is larger than what a processor keeps near; booked together, packets wait for memory together.
  std::array<Waiting, 64> waiting_;
  std::size_t waits_ = 0;
  Bytes other_;
  SeriesPtr other_series_;
  const std::uint64_t other_epoch_;
  std::uint64_t other_told_ = 0;
  bool other_rests_ = true;
  std::string secret_;
  std::vector<float> scores_;
};

}  // namespace trafficd::pcap_input
