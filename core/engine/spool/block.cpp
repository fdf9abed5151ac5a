#include "engine/spool/block.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <new>

#include "trafficd/text.hpp"

namespace trafficd::spool {

namespace {

constexpr std::string_view magic = "tfsb";
constexpr char version = 2, pending_state = 0;
constexpr std::size_t header_size = 56, header_crc_at = 52;
// What an older version left is delivered: its header does not say since when it waits.
constexpr char old_version = 1;
constexpr std::size_t old_header_size = 48;
// More than any block has: a header that says so is none.
constexpr std::uint32_t most_raw = 1U << 28;

template <class Number>
void put(char* to, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i)
    to[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xff);
}

template <class Number>
Number get(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = sizeof(Number); i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<Number>(number);
}

std::uint32_t crc(std::string_view bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

/// Over all of the header but the state and the checksum itself.
std::uint32_t header_crc(std::string_view header) {
  const std::uint32_t before = libdeflate_crc32(0, header.data(), state_offset);
  return libdeflate_crc32(before, header.data() + state_offset + 1, header.size() - state_offset - 1 - sizeof before);
}

void append_header(std::string& out, const BlockInfo& info, std::uint32_t payload_crc) {
  std::array<char, header_size> header{};
  magic.copy(header.data(), magic.size());
  header[4] = version;
  header[state_offset] = pending_state;
  put(&header[8], info.samples);
  put(&header[12], info.raw_size);
  put(&header[16], info.stored_size);
  put(&header[20], static_cast<std::uint32_t>(info.grain / std::chrono::seconds(1)));
  put(&header[24], info.first.time_since_epoch().count());
  put(&header[32], info.last.time_since_epoch().count());
  put(&header[40], payload_crc);
  put(&header[44], info.since.time_since_epoch().count());
  put(&header[header_crc_at], header_crc({header.data(), header.size()}));
  out.append(header.data(), header.size());
}

/// The bytes of a header, when it is one.
std::string_view header_at(std::string_view bytes, std::size_t at) {
  const std::string_view rest = bytes.substr(at);
  if (rest.size() < old_header_size || !rest.starts_with(magic)) return {};
  const std::string_view header = rest.substr(0, rest[4] == old_version ? old_header_size : header_size);
  const bool whole = header[4] == old_version || (header[4] == version && header.size() == header_size);
  return whole && get<std::uint32_t>(header, header.size() - 4) == header_crc(header) ? header : std::string_view();
}

std::optional<BlockInfo> read_header(std::string_view header) {
  if (header.empty()) return std::nullopt;
  BlockInfo info;
  info.samples = get<std::uint32_t>(header, 8);
  info.raw_size = get<std::uint32_t>(header, 12);
  info.stored_size = get<std::uint32_t>(header, 16);
  info.grain = std::chrono::seconds(get<std::uint32_t>(header, 20));
  info.first = Timestamp(Duration(get<std::int64_t>(header, 24)));
  info.last = Timestamp(Duration(get<std::int64_t>(header, 32)));
  info.since = header[4] == old_version ? info.last : Timestamp(Duration(get<std::int64_t>(header, 44)));
  info.done = header[state_offset] == done_state;
  if (info.raw_size > most_raw || info.stored_size > info.raw_size) return std::nullopt;
  return info;
}

libdeflate_compressor* make_compressor(Packer::Effort effort) {
  libdeflate_compressor* made = libdeflate_alloc_compressor(effort == Packer::Effort::little ? 1 : 6);
  if (!made) throw std::bad_alloc();
  return made;
}

}  // namespace

void Packer::Free::operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }

Packer::Packer(std::size_t block_size, Duration grain, Effort effort)
    : block_size_(block_size), compressor_(make_compressor(effort)) {
  info_.grain = grain;
}

Packer::~Packer() = default;

bool Packer::add(const Sample& sample, Timestamp since, std::string& out) {
  info_.first = info_.samples == 0 ? sample.time : std::min(info_.first, sample.time);
  info_.last = info_.samples == 0 ? sample.time : std::max(info_.last, sample.time);
  info_.since = info_.samples == 0 ? since : std::max(info_.since, since);
  append_text(lines_, sample);
  lines_.push_back('\n');
  ++info_.samples;
  if (lines_.size() < block_size_) return false;
  finish(out);
  return true;
}

void Packer::finish(std::string& out) {
  if (info_.samples == 0) return;
  std::string packed(lines_.size(), '\0');
  packed.resize(
      libdeflate_deflate_compress(compressor_.get(), lines_.data(), lines_.size(), packed.data(), packed.size() - 1));
  // What does not become smaller is stored as it is.
  const std::string& stored = packed.empty() ? lines_ : packed;
  info_.raw_size = static_cast<std::uint32_t>(lines_.size());
  info_.stored_size = static_cast<std::uint32_t>(stored.size());
  append_header(out, info_, crc(stored));
  out += stored;
  info_.samples = 0;
  lines_.clear();
}

std::size_t Scanner::find_header(std::size_t from) const {
  while ((from = bytes_.find(magic, from)) != std::string_view::npos) {
    if (read_header(header_at(bytes_, from))) return from;
    ++from;
  }
  return bytes_.size();
}

std::optional<Piece> Scanner::next() {
  if (next_ >= bytes_.size()) return std::nullopt;
  Piece piece;
  piece.offset = next_;
  const std::string_view header = header_at(bytes_, next_);
  if (const auto info = read_header(header)) {
    piece.info = *info;
    piece.stored = bytes_.substr(next_ + header.size(), info->stored_size);
    const std::uint32_t payload_crc = get<std::uint32_t>(header, 40);
    piece.whole = piece.stored.size() == info->stored_size && (info->done || crc(piece.stored) == payload_crc);
  }
  // The size that a damaged block names is not trusted: bytes may be missing in its middle.
  next_ = piece.whole ? next_ + header.size() + piece.stored.size() : find_header(next_ + 1);
  piece.size = next_ - piece.offset;
  return piece;
}

std::optional<std::string> unpack(const Piece& block) {
  if (block.info.stored_size == block.info.raw_size) return std::string(block.stored);
  std::string lines(block.info.raw_size, '\0');
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  if (!decompressor) throw std::bad_alloc();
  const auto result = libdeflate_deflate_decompress(decompressor, block.stored.data(), block.stored.size(),
                                                    lines.data(), lines.size(), nullptr);
  libdeflate_free_decompressor(decompressor);
  if (result != LIBDEFLATE_SUCCESS) return std::nullopt;
  return lines;
}

}  // namespace trafficd::spool
