#pragma once
// CAP_NET_RAW, which opening a capture needs and nothing else: it is kept in the permitted set and stands in the
// effective one only while a capture is opened. Capabilities are per thread; everything here is about the calling one.

#include <string_view>

#include "trafficd/status.hpp"

namespace trafficd::pcap_input {

/// What to do where the right is missing: one line, to stand after what failed.
extern const std::string_view missing_right;

/// CAP_NET_RAW is effective in this thread while one of these lives, and taken out of the effective set by its end,
/// whether it stood there before or not. The thread that made it ends it.
class RaisedNetRaw {
 public:
  RaisedNetRaw();
  ~RaisedNetRaw();
  RaisedNetRaw(const RaisedNetRaw&) = delete;
  RaisedNetRaw& operator=(const RaisedNetRaw&) = delete;

  /// Fatal when the thread does not have the right and so cannot raise it: nothing but a restart can mend that.
  const Status& status() const { return status_; }

 private:
  Status status_;
};

/// Whether CAP_NET_RAW is effective in this thread.
bool net_raw_is_effective();

}  // namespace trafficd::pcap_input
