#pragma once
// What live and recorded captures share of libpcap: handles that close themselves, filters in pcap's own syntax, and
// which link types the decoder reads.

#include <pcap/pcap.h>

#include <memory>
#include <string>

#include "trafficd/status.hpp"

namespace trafficd::pcap_input {

struct CloseHandle {
  void operator()(pcap_t* handle) const { ::pcap_close(handle); }
};
using Handle = std::unique_ptr<pcap_t, CloseHandle>;

/// Whether the decoder reads packets of this link type (a DLT_ number); else fatal, with what to do in its place.
Status supported(int datalink);

/// What is wrong with a filter, for `check`: empty when it compiles for any link type that is supported. It needs no
/// rights and opens no capture. Of numbers alone it asks the system nothing; a name (`host example.org`, `port http`)
/// is looked up by libpcap, which may take as long as the resolver does. A host that is not found is no fault here.
std::string filter_fault(const std::string& filter);

/// Compiles the filter for the handle's link type and sets it; an empty one lets all packets through and is set too,
/// because only a filter makes the kernel cut packets at the snap length. Fatal when it does not fit the link type,
/// retry when a host that it names is not found now.
Status set_filter(pcap_t* handle, const std::string& filter);

}  // namespace trafficd::pcap_input
