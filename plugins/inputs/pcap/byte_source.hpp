#pragma once
// The bytes of one file, pipe or standard input, also as a stream of the C library, which is what libpcap reads:
// unpacked on the way when they begin like gzip's, whatever the name says. Nothing is read ahead but one buffer.

#include <zlib.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "trafficd/status.hpp"

namespace trafficd::pcap_input {

/// One thread. Stays where it is: the stream holds on to it.
class ByteSource {
 public:
  /// Until the descriptor is readable: true; false to stop.
  using Wait = std::function<bool(int descriptor)>;

  /// `-` is standard input, which stays open. `wait` is called before each read of what is no regular file.
  static Result<std::unique_ptr<ByteSource>> open(const std::string& name, const Wait& wait);
  ~ByteSource();
  ByteSource(ByteSource&&) = delete;

  /// Up to `head_size` bytes that stand at the begin; fewer where there are not so many, and when they cannot be read.
  /// May wait. They are given again by what follows.
  std::string_view head();
  static constexpr std::size_t head_size = 24;

  /// The next bytes, at most `size`, after waiting for them: 0 at the end, less when they cannot be read. Not once
  /// there is a stream.
  ssize_t give(char* out, std::size_t size);

  /// A stream over the bytes, made once; whoever takes it closes it before the source goes. nullptr when it cannot be
  /// read, see `trouble`, or there is no memory.
  std::FILE* stream();

  bool is_empty();                                         ///< there is not one byte; may read, and wait
  bool stopped() const { return stopped_; }                ///< `wait` said so; the stream ended there
  std::uint64_t read_bytes() const;                        ///< taken from the file, before unpacking
  const std::string& trouble() const { return trouble_; }  ///< why a read failed; empty when none did

 private:
  ByteSource(int descriptor, bool waits, const Wait& wait);
  bool begin();
  bool is_plain_file() const { return !waits_ && !packed_; }
  std::FILE* plain_stream();
  std::FILE* unpacked_stream();
  ssize_t next(char* out, std::size_t size);
  ssize_t unpack(char* out, std::size_t size);
  bool next_member();
  ssize_t fetch(char* out, std::size_t size);
  bool refill();
  ssize_t fail(std::string why);

  static ssize_t on_read(void* self, char* out, std::size_t size);
  static int on_seek(void* self, off64_t* offset, int whence);

  const int descriptor_;
  const bool waits_;
  const Wait& wait_;
  bool begun_ = false, packed_ = false, stopped_ = false;
  bool between_ = false;  // one member of the packed file has ended, and no other one has begun
  std::uint64_t read_bytes_ = 0, given_ = 0;
  off_t start_ = -1;  // of a plain file, where it was begun to be read
  std::string trouble_;
  std::array<char, head_size> head_{};
  std::size_t head_filled_ = 0, head_given_ = 0;
  z_stream unpacker_{};  // its input is what was fetched and not yet given, packed or not
  std::unique_ptr<char[]> fetched_;
  std::unique_ptr<char[]> buffer_;  // the stream's, once there is one
};

}  // namespace trafficd::pcap_input
