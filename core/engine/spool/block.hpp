#pragma once
// One block of a segment file: a header that says what is in it, then samples in text form, compressed. Each block
// stands for itself, so damage costs the blocks that it hits and no other. Layout: README.md.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "trafficd/sample.hpp"

struct libdeflate_compressor;

namespace trafficd::spool {

struct BlockInfo {
  std::uint32_t samples = 0;
  std::uint32_t raw_size = 0, stored_size = 0;  ///< of the lines, and of what stands in the file for them
  Duration grain{};                             ///< how far apart thinning left the samples of a series, whole seconds
  Timestamp first, last;                        ///< the earliest and the latest stamp
  Timestamp since;                              ///< when the latest of its samples came into the spool
  bool done = false;                            ///< delivered
};

/// The byte of a header that says whether the block is done. It is in no checksum, so that a block is marked in place,
/// by writing one byte: that needs no free space. Anything but this value means "not yet".
constexpr std::size_t state_offset = 5;
constexpr char done_state = '\xd0';

/// Makes blocks out of samples. One thread.
class Packer {
 public:
  /// How much work is put into making it small: what was just appended may be gone the next second, what was thinned
  /// stays.
  enum class Effort : std::uint8_t { little, more };

  /// A block is ended when its lines have grown to `block_size`.
  Packer(std::size_t block_size, Duration grain, Effort effort);
  ~Packer();
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  /// Appends the block to `out` that this sample made full; false when it is not full yet. `since`: when it came into
  /// the spool.
  bool add(const Sample& sample, Timestamp since, std::string& out);
  /// Appends what is left as a block.
  void finish(std::string& out);
  /// Samples that are in no block yet.
  std::uint32_t waiting() const { return info_.samples; }

 private:
  struct Free {
    void operator()(libdeflate_compressor* compressor) const;
  };
  const std::size_t block_size_;
  const std::unique_ptr<libdeflate_compressor, Free> compressor_;
  BlockInfo info_;
  std::string lines_;
};

/// A whole block, or bytes that are none, and where they stand.
struct Piece {
  std::size_t offset = 0, size = 0;
  bool whole = false;       ///< false: damaged, to be passed over
  BlockInfo info;           ///< of a damaged one: what its header says, no samples when that is damaged too
  std::string_view stored;  ///< the payload of a whole one
  std::size_t end() const { return offset + size; }
};

/// Walks through the bytes of a segment. Where no block is found it looks for the next one.
class Scanner {
 public:
  explicit Scanner(std::string_view bytes, std::size_t from = 0) : bytes_(bytes), next_(from) {}
  /// Nothing at the end. The payload of a block that is done is not looked at.
  std::optional<Piece> next();

 private:
  std::size_t find_header(std::size_t from) const;
  const std::string_view bytes_;
  std::size_t next_;
};

/// The lines of a whole block; nothing when they cannot be unpacked.
std::optional<std::string> unpack(const Piece& block);

}  // namespace trafficd::spool
