#include "live_capture.hpp"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "rights.hpp"
#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

namespace {

constexpr std::uint64_t block = 256 * 1024;  // libpcap's: its largest snap length
constexpr std::uint64_t least_buffer = 2 * block, most_buffer = 1024 * 1024 * 1024;

pcap_direction_t of_libpcap(Direction direction) {
  switch (direction) {
    case Direction::in: return PCAP_D_IN;
    case Direction::out: return PCAP_D_OUT;
    case Direction::both: break;
  }
  return PCAP_D_INOUT;
}

std::string words_of(pcap_t* handle, int result) {
  const std::string what = ::pcap_statustostr(result), more = ::pcap_geterr(handle);
  if (result == PCAP_ERROR || result == PCAP_WARNING) return more;
  return more.empty() ? what : concat(what, " (", more, ")");
}

/// How far a counter of 32 bits went since `seen`, which moves on. One that goes back, as libpcap's of an interface
/// that was removed, went nowhere.
std::uint32_t advance(std::uint32_t& seen, std::uint32_t now) {
  const std::uint32_t step = now - std::exchange(seen, now);
  return step < 1U << 31 ? step : 0;
}

}  // namespace

LiveCapture::LiveCapture(LiveSettings settings) : settings_(std::move(settings)) {
  // All interfaces together are never in promiscuous mode.
  if (settings_.promiscuous && settings_.interface != "any") losses_.interface = 0;
}

LiveCapture::~LiveCapture() { close(); }

Status LiveCapture::open() {
  close();
  char error[PCAP_ERRBUF_SIZE] = "";
  Handle handle(::pcap_create(settings_.interface.c_str(), error));
  if (!handle) return Status::retry(concat("cannot capture on '", settings_.interface, "': ", error));
  if (Status status = activate(handle.get()); !status) return status;
  if (Status status = prepare(handle.get()); !status) return status;
  handle_ = std::move(handle);
  return Status::ok();
}

Status LiveCapture::activate(pcap_t* handle) {
  const auto buffer = std::clamp(settings_.buffer, least_buffer, most_buffer);
  const auto block_time = std::max<std::int64_t>(settings_.block_time.count(), 1);
  // Each fails only on a handle that is open already.
  ::pcap_set_snaplen(handle, settings_.snap_length);
  ::pcap_set_promisc(handle, settings_.promiscuous ? 1 : 0);
  ::pcap_set_buffer_size(handle, static_cast<int>(buffer));
  ::pcap_set_timeout(handle, static_cast<int>(block_time));
  // Never immediate mode, which takes the older ring: a wake-up and a slot of fixed size for each packet.
  if (::pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO) != 0)
    return Status::fatal(concat("'", settings_.interface, "' gives no time stamps in nanoseconds"));

  const std::string what = concat("cannot capture on '", settings_.interface, "': ");
  int result = 0;
  {
    const RaisedNetRaw right;
    if (!right.status()) return Status::fatal(what + right.status().message());
    result = ::pcap_activate(handle);
  }
  switch (result) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return Status::retry(what +
                           "there is no such interface; it is waited for, and 'ip link' lists those that are there");
    case PCAP_ERROR_IFACE_NOT_UP: return Status::retry(what + "the interface is down");
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED: return Status::fatal(concat(what, missing_right));
    default: break;
  }
  if (result < 0) return Status::retry(what + words_of(handle, result));
  warning_ = result > 0 ? concat("capture on '", settings_.interface, "': ", words_of(handle, result)) : "";
  return Status::ok();
}

/// What can only be said of a capture that runs.
Status LiveCapture::prepare(pcap_t* handle) {
  const std::string what = concat("cannot capture on '", settings_.interface, "': ");
  const int datalink = ::pcap_datalink(handle);
  if (const Status status = supported(datalink); !status) return Status::fatal(what + status.message());
  if (const Status status = set_filter(handle, settings_.filter); !status)
    return status.code() == Status::Code::retry ? Status::retry(what + status.message())
                                                : Status::fatal(what + status.message());
  char error[PCAP_ERRBUF_SIZE] = "";
  if (::pcap_setnonblock(handle, 1, error) != 0) return Status::retry(what + error);
  if (settings_.direction != Direction::both && ::pcap_setdirection(handle, of_libpcap(settings_.direction)) != 0)
    return Status::fatal(what + ::pcap_geterr(handle));
  const int descriptor = ::pcap_get_selectable_fd(handle);
  if (descriptor < 0) return Status::fatal(what + "it has no descriptor to wait for; is it a network interface?");
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  descriptor_ = descriptor;
  datalink_ = datalink;
  kernel_seen_ = interface_seen_ = given_ = 0;
  return Status::ok();
}

void LiveCapture::close() noexcept {
  if (!handle_) return;
  note_losses();
  handle_.reset();
  descriptor_ = -1;
}

LiveCapture::State LiveCapture::read(pcap_handler handler, u_char* user, int most) {
  const int got = ::pcap_dispatch(handle_.get(), most, handler, user);
  if (got > 0) given_ += static_cast<std::uint32_t>(got);
  if (got >= most) return State::more;
  if (got < 0) {
    trouble_ = concat("capture on '", settings_.interface, "': ", ::pcap_geterr(handle_.get()));
    return State::gone;
  }
  // libpcap wants to be called again by time only while it knows that the interface is down. A short count is the end
  // of what the kernel has handed over.
  if (::pcap_get_required_select_timeout(handle_.get()) == nullptr) return State::idle;
  trouble_ = concat("the interface '", settings_.interface, "' is down");
  return State::down;
}

bool LiveCapture::holds_more() {
  pcap_stat stat{};
  // What came counts what was dropped, too.
  return handle_ && ::pcap_stats(handle_.get(), &stat) == 0 && stat.ps_recv - stat.ps_drop != given_;
}

const LiveCapture::Losses& LiveCapture::losses() {
  note_losses();
  return losses_;
}

void LiveCapture::note_losses() noexcept {
  pcap_stat stat{};
  if (!handle_ || ::pcap_stats(handle_.get(), &stat) != 0) return;
  losses_.kernel += advance(kernel_seen_, stat.ps_drop);
  if (losses_.interface) *losses_.interface += advance(interface_seen_, stat.ps_ifdrop);
}

}  // namespace trafficd::pcap_input
