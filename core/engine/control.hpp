#pragma once
// How commands talk to the running daemon: a Unix socket in its state folder, for its own user (and root) alone. One
// JSON object a line is asked, one is answered, then the connection ends.

#include <boost/json/object.hpp>
#include <filesystem>
#include <functional>

#include "trafficd/status.hpp"

namespace trafficd {

/// The daemon's end. One thread.
class ControlSocket {
 public:
  /// Answers one request. What it throws becomes the answer `{"error": …}`.
  using Handler = std::function<boost::json::object(const boost::json::object& request)>;

  ControlSocket() = default;
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// Listens as `control` in the folder, which must be locked for us: what is left of a predecessor is replaced.
  Status open(const std::filesystem::path& state);
  /// Readable when somebody asks; -1 before `open`.
  int descriptor() const { return fd_; }
  /// Answers one of those who wait. A client that takes more than a second, or asks for more than 64 KiB, is sent away.
  /// Fails when they must wait on, for want of a descriptor perhaps. In an answer each byte that is not UTF-8, of a
  /// name of a file for example, becomes U+FFFD.
  Status serve(const Handler& handler);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

/// A command's end: asks the daemon that uses the state folder. Fails when there is none, or when it does not answer in
/// time; an answer `{"error": …}` is an Error too.
Result<boost::json::object> ask_daemon(const std::filesystem::path& state, const boost::json::object& request,
                                       std::chrono::milliseconds patience);

}  // namespace trafficd
