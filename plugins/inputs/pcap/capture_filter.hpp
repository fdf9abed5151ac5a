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

/// A filter in the form of the machine.
class Filter {
 public:
  Filter() = default;
  ~Filter();
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  /// Once, for the link type of the handle. Fatal when it does not fit it, retry when a host that it names is not found
  /// now.
  Status compile(pcap_t* handle, const std::string& filter);
  /// Of one that was compiled.
  bool passes(const pcap_pkthdr& header, const u_char* bytes) const {
    return ::pcap_offline_filter(&program_, &header, bytes) != 0;
  }
  bpf_program* program() { return &program_; }

 private:
  bpf_program program_{};
  bool compiled_ = false;
};

/// What is wrong with a filter, for `check`: empty when it compiles for any link type that is supported. It needs no
/// rights and opens no capture. Of numbers alone it asks the system nothing; a name (`host example.org`, `port http`)
/// is looked up by libpcap, which may take as long as the resolver does. A host that is not found is no fault here.
std::string filter_fault(const std::string& filter);

/// Compiles the filter for the handle's link type and sets it; an empty one lets all packets through and is set too,
/// because only a filter makes the kernel cut packets at the snap length. Fails as `Filter::compile` does.
Status set_filter(pcap_t* handle, const std::string& filter);

}  // namespace trafficd::pcap_input
