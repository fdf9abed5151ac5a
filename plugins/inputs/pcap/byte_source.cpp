#include "byte_source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

namespace {

constexpr std::size_t fetched_size = 64 * 1024;
constexpr std::size_t buffer_size = 256 * 1024;
constexpr int gzip_only = 16 + MAX_WBITS;  // by zlib's manual: no other format is taken

Bytef* bytes(char* text) { return reinterpret_cast<Bytef*>(text); }

}  // namespace

Result<std::unique_ptr<ByteSource>> ByteSource::open(const std::string& name, const Wait& wait) {
  // A named pipe whose writer is not there yet is waited for like any other, not in open.
  const int descriptor = name == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                     : ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return Error{concat("cannot open it: ", std::strerror(errno))};
  struct stat about {};
  const bool known = ::fstat(descriptor, &about) == 0;
  std::unique_ptr<ByteSource> source(new ByteSource(descriptor, !known || !S_ISREG(about.st_mode), wait));
  if (known && S_ISDIR(about.st_mode)) return Error{"it is a folder: name the files in it"};
  if (::inflateInit2(&source->unpacker_, gzip_only) != Z_OK) return Error{"cannot unpack: there is no memory"};
  return source;
}

ByteSource::ByteSource(int descriptor, bool waits, const Wait& wait)
    : descriptor_(descriptor), waits_(waits), wait_(wait), fetched_(std::make_unique<char[]>(fetched_size)) {}

ByteSource::~ByteSource() {
  ::inflateEnd(&unpacker_);
  ::close(descriptor_);
}

std::FILE* ByteSource::stream() {
  if (!begin()) return nullptr;
  std::FILE* stream = is_plain_file() ? plain_stream() : unpacked_stream();
  if (stream == nullptr) return nullptr;
  buffer_ = std::make_unique_for_overwrite<char[]>(buffer_size);
  std::setvbuf(stream, buffer_.get(), _IOFBF, buffer_size);
  return stream;
}

/// The C library reads files of its own with half the instructions that other streams cost, so libpcap gets one.
std::FILE* ByteSource::plain_stream() {
  const auto fetched = static_cast<off_t>(read_bytes_);
  start_ = ::lseek(descriptor_, -fetched, SEEK_CUR);
  const int descriptor = start_ < 0 ? -1 : ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  std::FILE* stream = descriptor < 0 ? nullptr : ::fdopen(descriptor, "r");
  if (stream == nullptr && descriptor >= 0) ::close(descriptor);
  return stream;
}

std::FILE* ByteSource::unpacked_stream() {
  // The place can be asked for, which messages tell; moving it is not possible.
  return ::fopencookie(this, "r", {.read = on_read, .write = nullptr, .seek = on_seek, .close = nullptr});
}

std::uint64_t ByteSource::read_bytes() const {
  if (start_ < 0) return read_bytes_;
  const off_t now = ::lseek(descriptor_, 0, SEEK_CUR);  // both descriptors share the place
  return now < start_ ? 0 : static_cast<std::uint64_t>(now - start_);
}

bool ByteSource::is_empty() { return begin() && unpacker_.avail_in == 0; }

/// Looks at the first bytes. False when they cannot be read.
bool ByteSource::begin() {
  if (begun_) return true;
  while (unpacker_.avail_in < 2) {
    const std::size_t have = unpacker_.avail_in;
    const ssize_t got = fetch(fetched_.get() + have, fetched_size - have);
    if (got < 0) return false;
    if (got == 0) break;
    unpacker_.next_in = bytes(fetched_.get());
    unpacker_.avail_in = static_cast<uInt>(have + static_cast<std::size_t>(got));
  }
  begun_ = true;
  packed_ = unpacker_.avail_in >= 2 && unpacker_.next_in[0] == 0x1f && unpacker_.next_in[1] == 0x8b;
  return true;
}

std::string_view ByteSource::head() {
  while (head_filled_ < head_.size()) {
    const ssize_t got = next(head_.data() + head_filled_, head_.size() - head_filled_);
    if (got <= 0) break;
    head_filled_ += static_cast<std::size_t>(got);
  }
  return {head_.data(), head_filled_};
}

ssize_t ByteSource::give(char* out, std::size_t size) {
  if (head_given_ == head_filled_) return next(out, size);
  const std::size_t count = std::min(size, head_filled_ - head_given_);
  std::memcpy(out, head_.data() + head_given_, count);
  head_given_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t ByteSource::next(char* out, std::size_t size) {
  if (!trouble_.empty() || !begin()) return -1;
  if (packed_) return unpack(out, size);
  if (unpacker_.avail_in == 0) return fetch(out, size);
  const std::size_t count = std::min<std::size_t>(size, unpacker_.avail_in);
  std::memcpy(out, unpacker_.next_in, count);
  unpacker_.next_in += count;
  unpacker_.avail_in -= static_cast<uInt>(count);
  return static_cast<ssize_t>(count);
}

ssize_t ByteSource::unpack(char* out, std::size_t size) {
  const auto most = static_cast<uInt>(std::min<std::size_t>(size, buffer_size));
  unpacker_.next_out = bytes(out);
  unpacker_.avail_out = most;
  while (unpacker_.avail_out == most) {
    if (unpacker_.avail_in == 0 && !refill()) {
      if (!trouble_.empty()) return -1;
      return between_ || stopped_ ? 0 : fail("the compressed data end too early");
    }
    if (between_ && !next_member()) return 0;
    const int result = ::inflate(&unpacker_, Z_NO_FLUSH);
    between_ = result == Z_STREAM_END;
    // What came out before the damage counts; the next call meets the damage again.
    if (unpacker_.avail_out == most && result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      return fail(concat("the compressed data are damaged: ", unpacker_.msg != nullptr ? unpacker_.msg : "no reason"));
  }
  return static_cast<ssize_t>(most - unpacker_.avail_out);
}

/// Files that were packed one by one and joined are one file. False when what follows is no packed data: padding.
bool ByteSource::next_member() {
  if (unpacker_.next_in[0] != 0x1f) return false;
  return ::inflateReset(&unpacker_) == Z_OK;
}

bool ByteSource::refill() {
  const ssize_t got = fetch(fetched_.get(), fetched_size);
  if (got <= 0) return false;
  unpacker_.next_in = bytes(fetched_.get());
  unpacker_.avail_in = static_cast<uInt>(got);
  return true;
}

/// What is there now, after waiting for it; 0 at the end.
ssize_t ByteSource::fetch(char* out, std::size_t size) {
  while (!stopped_) {
    if (waits_ && wait_ && !wait_(descriptor_)) {
      stopped_ = true;
      break;
    }
    const ssize_t got = ::read(descriptor_, out, size);
    if (got >= 0) {
      read_bytes_ += static_cast<std::uint64_t>(got);
      return got;
    }
    if (errno == EAGAIN && !wait_) {
      pollfd polled{descriptor_, POLLIN, 0};
      ::poll(&polled, 1, -1);
    } else if (errno != EINTR && errno != EAGAIN) {
      return fail(concat("cannot read: ", std::strerror(errno)));
    }
  }
  return 0;
}

ssize_t ByteSource::fail(std::string why) {
  trouble_ = std::move(why);
  errno = EIO;
  return -1;
}

ssize_t ByteSource::on_read(void* self, char* out, std::size_t size) {
  auto& source = *static_cast<ByteSource*>(self);
  const ssize_t got = source.give(out, size);
  if (got > 0) source.given_ += static_cast<std::uint64_t>(got);
  return got;
}

int ByteSource::on_seek(void* self, off64_t* offset, int whence) {
  if (whence != SEEK_CUR || *offset != 0) return -1;
  *offset = static_cast<off64_t>(static_cast<ByteSource*>(self)->given_);
  return 0;
}

}  // namespace trafficd::pcap_input
