#pragma once
// The name of the interface that leads to the internet, looked up again when routes may have changed.

#include <filesystem>
#include <string>

#include "link_socket.hpp"
#include "trafficd/host.hpp"

namespace trafficd::interface {

class PrimaryLink {
 public:
  PrimaryLink(Host& host, std::filesystem::path proc) : host_(host), proc_(std::move(proc)) {}

  /// `listen`: to the kernel's announcements, so that it need not be looked up so often.
  void open(bool listen);
  void close() { routes_.close(); }
  /// Something changed that routes may depend on.
  void set_due() { due_ = true; }
  /// Once a tick: looks it up again when that is due.
  void look();
  /// Empty when there is none.
  const std::string& name() const { return name_; }

 private:
  Host& host_;
  std::filesystem::path proc_;
  RouteSocket routes_;
  std::string name_;
  SteadyTime next_{};
  bool due_ = true;
};

}  // namespace trafficd::interface
