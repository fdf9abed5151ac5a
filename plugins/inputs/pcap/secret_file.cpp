#include "secret_file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

namespace {

constexpr std::size_t size = crypto_generichash_KEYBYTES;

Error fault(const std::filesystem::path& file, std::string_view what, int number) {
  return Error{concat("cannot ", what, " the secret for hashed names, ", file, ": ", std::strerror(number))};
}

struct Descriptor {
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  int number;
};

/// Empty when there is no such file.
Result<std::string> read(const std::filesystem::path& file) {
  const Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (descriptor.number < 0 && errno == ENOENT) return std::string();
  std::string secret(size, '\0');
  if (descriptor.number < 0) return fault(file, "read", errno);
  if (::read(descriptor.number, secret.data(), size) != static_cast<ssize_t>(size))
    return Error{concat("the secret for hashed names, ", file, ", is damaged: remove it, and names will be others")};
  return secret;
}

}  // namespace

Result<std::string> secret_in(const std::filesystem::path& file) {
  if (auto secret = read(file); !secret || !secret->empty()) return secret;
  std::string secret(size, '\0');
  if (sodium_init() < 0) return fault(file, "make", EAGAIN);
  randombytes_buf(secret.data(), size);
  // Whole or not at all: another instance may look for it just now.
  const std::string made = concat(file, '.', ::gettid());
  {
    const Descriptor descriptor{::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (descriptor.number < 0) return fault(file, "make", errno);
    if (::write(descriptor.number, secret.data(), size) != static_cast<ssize_t>(size) ||
        ::fsync(descriptor.number) != 0) {
      const int why = errno;
      ::unlink(made.c_str());
      return fault(file, "write", why);
    }
  }
  // Who was first stays.
  const bool linked = ::link(made.c_str(), file.c_str()) == 0 || errno == EEXIST;
  const int why = errno;
  ::unlink(made.c_str());
  if (!linked) return fault(file, "make", why);
  return read(file);
}

}  // namespace trafficd::pcap_input
