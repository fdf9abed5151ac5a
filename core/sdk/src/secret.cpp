// Reading a secret at the moment it is needed. No message shows any of it.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

constexpr std::size_t largest = 64 * 1024;

Result<std::string> read_secret(const std::string& file) {
  const auto failed = [&](int code) {
    return Error{concat("could not read the secret from '", file, "': ", std::generic_category().message(code),
                        "; the user of the service must be able to read it")};
  };
  // Nobody may write where it is a pipe: that is no secret, and nothing to wait for.
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return failed(errno);
  std::string content(largest + 1, '\0');
  std::size_t length = 0;
  int code = 0;
  while (length < content.size()) {
    const ssize_t count = ::read(descriptor, content.data() + length, content.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) code = errno;
    if (count <= 0) break;
    length += static_cast<std::size_t>(count);
  }
  ::close(descriptor);
  if (code != 0) return failed(code);
  if (length > largest) return Error{concat("the secret in '", file, "' is larger than 64 KiB; is it the right file?")};
  content.resize(length);
  if (content.ends_with('\n')) content.pop_back();
  if (content.ends_with('\r')) content.pop_back();
  if (content.empty()) return Error{concat("the secret file '", file, "' is empty; write the secret into it")};
  return content;
}

}  // namespace

Result<std::string> Secret::reveal() const {
  switch (source_) {
    case Source::none: return Error{"no secret is configured"};
    case Source::text: return where_;
    case Source::file: return read_secret(where_);
    case Source::environment: {
      const char* value = std::getenv(where_.c_str());
      if (value && *value) return std::string(value);
      return Error{concat("the environment variable ", where_, " of a secret is ", value ? "empty" : "not set",
                          "; set it for the service")};
    }
    case Source::credential: {
      const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
      if (folder && *folder) return read_secret(concat(folder, "/", where_));
      return Error{concat("no credentials were handed over, so '", where_,
                          "' cannot be read; add LoadCredential=", where_, ":FILE to the unit")};
    }
  }
  return Error{"no secret is configured"};
}

}  // namespace trafficd
