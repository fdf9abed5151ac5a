#include "engine/control.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_line = 64 * 1024, longest_answer = 16 * 1024 * 1024;
constexpr milliseconds patience_with_client{1000};
constexpr int most_waiting = 16;
constexpr const char* name = "control";

struct Descriptor {
  int fd = -1;
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

std::string reason_of(int error) { return std::generic_category().message(error); }

/// The socket below its folder's descriptor: the path itself may be longer than an address can be.
sockaddr_un address_in(const Descriptor& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = concat("/proc/self/fd/", folder.fd, "/", name);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* as_address(const sockaddr_un& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

/// False when the time is over.
bool wait_for(int fd, short events, Clock::time_point until) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd polled{fd, events, 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

/// Up to the end of the line, which is left away; nothing when it does not come whole.
std::optional<std::string> read_line(int fd, std::size_t most, Clock::time_point until) {
  std::string line;
  char bytes[4096];
  while (wait_for(fd, POLLIN, until)) {
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return std::nullopt;
    line.append(bytes, static_cast<std::size_t>(got));
    if (const std::size_t end = line.find('\n'); end != line.npos) return line.substr(0, end);
    if (line.size() > most) return std::nullopt;
  }
  return std::nullopt;
}

bool send_line(int fd, const boost::json::value& object, Clock::time_point until) {
  const std::string line = boost::json::serialize(object) + '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    if (!wait_for(fd, POLLOUT, until)) return false;
    const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// JSON is UTF-8, but names of files and what systems and devices say need not be.
void mend_texts(boost::json::value& value) {
  if (boost::json::object* object = value.if_object()) {
    for (auto& [key, inner] : *object) mend_texts(inner);
  } else if (boost::json::array* array = value.if_array()) {
    for (boost::json::value& inner : *array) mend_texts(inner);
  } else if (boost::json::string* text = value.if_string()) {
    std::string whole;
    for (std::string_view rest(*text); !rest.empty();) {
      const std::size_t length = utf8_length(rest);
      whole += length == 0 ? "\xef\xbf\xbd" : rest.substr(0, length);
      rest.remove_prefix(std::max<std::size_t>(length, 1));
    }
    if (whole.size() != text->size()) *text = whole;
  }
}

boost::json::object answer_to(const std::string& line, const ControlSocket::Handler& handler) {
  try {
    boost::system::error_code error;
    const boost::json::value request = boost::json::parse(line, error);
    if (error || !request.is_object()) return {{"error", "a request is one JSON object on one line"}};
    return handler(request.get_object());
  } catch (const std::exception& e) {
    return {{"error", e.what()}};
  }
}

}  // namespace

ControlSocket::~ControlSocket() {
  if (fd_ < 0) return;
  ::close(fd_);
  std::error_code gone_already;
  std::filesystem::remove(path_, gone_already);
}

Status ControlSocket::open(const std::filesystem::path& state) {
  const auto failed = [&](int error) {
    return Status::retry(concat("cannot listen on ", state / name, ": ", reason_of(error)));
  };
  const Descriptor folder(::open(state.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd < 0) return failed(errno);
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (made.fd < 0) return failed(errno);
  struct stat there {};
  const bool exists = ::fstatat(folder.fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0;
  const bool ours = exists && S_ISSOCK(there.st_mode);
  if (exists && !ours)
    return Status::retry(concat("cannot listen on ", state / name, ": it is no socket; move it away"));
  if (ours && ::unlinkat(folder.fd, name, 0) != 0) return failed(errno);
  const sockaddr_un address = address_in(folder);
  // Before anybody can connect to it: Linux gives the file the mode of its socket.
  if (::fchmod(made.fd, 0600) != 0 || ::bind(made.fd, as_address(address), sizeof address) != 0) return failed(errno);
  if (::listen(made.fd, most_waiting) != 0) return failed(errno);
  path_ = state / name;
  fd_ = std::exchange(made.fd, -1);
  return Status::ok();
}

Status ControlSocket::serve(const Handler& handler) {
  const Descriptor client(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (client.fd < 0) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return Status::ok();
    return Status::retry(concat("cannot answer commands: ", reason_of(errno), "; they wait"));
  }
  const auto until = Clock::now() + patience_with_client;
  const auto line = read_line(client.fd, longest_line, until);
  if (!line) return Status::ok();
  boost::json::value answer = answer_to(*line, handler);  // may take long
  mend_texts(answer);
  send_line(client.fd, answer, Clock::now() + patience_with_client);
  return Status::ok();
}

Result<boost::json::object> ask_daemon(const std::filesystem::path& state, const boost::json::object& request,
                                       milliseconds patience) {
  const auto none = [&](int error) {
    const bool denied = error == EACCES || error == EPERM;
    return Error{concat("cannot ask the daemon at ", state / name, ": ", reason_of(error),
                        denied ? "; ask as its own user, or as root"
                               : "; does it run, and with this state folder? Give it with --state DIR")};
  };
  const Descriptor folder(::open(state.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd < 0) return none(errno);
  const Descriptor daemon(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{std::chrono::ceil<std::chrono::seconds>(patience).count(), 0};
  ::setsockopt(daemon.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // of connect too
  const sockaddr_un address = address_in(folder);
  if (daemon.fd < 0 || ::connect(daemon.fd, as_address(address), sizeof address) != 0) return none(errno);
  const auto until = Clock::now() + patience;
  const auto line = send_line(daemon.fd, request, until) ? read_line(daemon.fd, longest_answer, until) : std::nullopt;
  if (!line)
    return Error{concat("the daemon at ", state / name,
                        Clock::now() < until ? " hung up without an answer; it may be stopping: look into its log"
                                             : " has not answered in time")};
  boost::system::error_code error;
  boost::json::value answer = boost::json::parse(*line, error);
  if (error || !answer.is_object()) return Error{"the daemon's answer is no JSON object"};
  if (const boost::json::value* wrong = answer.get_object().if_contains("error"); wrong && wrong->is_string())
    return Error{std::string(wrong->get_string())};
  return std::move(answer.get_object());
}

}  // namespace trafficd
