#pragma once
// Tells systemd how the service is doing: the protocol of sd_notify(3), one datagram to $NOTIFY_SOCKET.

#include <string_view>

namespace trafficd {

/// `READY=1`, `STOPPING=1`, `STATUS=…`. Does nothing where nobody listens.
void notify(std::string_view message);

}  // namespace trafficd
