#include "primary_link.hpp"

#include "default_route.hpp"
#include "link_folder.hpp"

namespace trafficd::interface {
namespace {
constexpr Duration pause = std::chrono::seconds(5);
constexpr Duration watched_pause = std::chrono::minutes(1);  // where changes of routes are announced
}  // namespace

void PrimaryLink::open(bool listen) {
  due_ = true;
  if (!listen) return;
  if (const Status listening = routes_.open(); !listening) host_.log().debug(listening.message());
}

void PrimaryLink::look() {
  if (routes_.changed()) due_ = true;
  if (!due_ && host_.clock().steady() < next_) return;
  next_ = host_.clock().steady() + (routes_.is_open() ? watched_pause : pause);
  due_ = false;
  name_ = ipv4_default_interface(read_start(proc_ / "net/route").value_or(""));
  if (name_.empty()) name_ = ipv6_default_interface(read_start(proc_ / "net/ipv6_route").value_or(""));
}

}  // namespace trafficd::interface
