#include "secret_file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

namespace {

constexpr std::size_t size = crypto_generichash_KEYBYTES;

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view what, int number) {
  throw std::runtime_error(concat("cannot ", what, " the secret for hashes, ", file, ": ", std::strerror(number)));
}

struct Descriptor {
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  int number;
};

/// Empty when there is no such file.
std::string read(const std::filesystem::path& file) {
  const Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (descriptor.number < 0 && errno == ENOENT) return {};
  std::string secret(size, '\0');
  if (descriptor.number < 0) fail(file, "read", errno);
  if (::read(descriptor.number, secret.data(), size) != static_cast<ssize_t>(size)) fail(file, "read", EIO);
  return secret;
}

}  // namespace

std::string secret_in(const std::filesystem::path& file) {
  if (std::string secret = read(file); !secret.empty()) return secret;
  std::string secret(size, '\0');
  if (sodium_init() < 0) fail(file, "make", EAGAIN);
  randombytes_buf(secret.data(), size);
  // Whole or not at all: another instance may look for it just now.
  const std::string made = concat(file, '.', ::gettid());
  {
    const Descriptor descriptor{::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (descriptor.number < 0) fail(file, "make", errno);
    if (::write(descriptor.number, secret.data(), size) != static_cast<ssize_t>(size) ||
        ::fsync(descriptor.number) != 0)
      fail(file, "write", errno);
  }
  // Who was first stays.
  const bool linked = ::link(made.c_str(), file.c_str()) == 0 || errno == EEXIST;
  const int why = errno;
  ::unlink(made.c_str());
  if (!linked) fail(file, "make", why);
  return read(file);
}

}  // namespace trafficd::pcap_input
