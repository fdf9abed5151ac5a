#include "capture_filter.hpp"

#include <algorithm>
#include <array>

#include "packet/frame.hpp"
#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

namespace {

/// Each that the decoder reads.
constexpr std::array link_types{DLT_EN10MB,     DLT_RAW, DLT_IPV4,       DLT_IPV6, DLT_LINUX_SLL,
                                DLT_LINUX_SLL2, DLT_PPP, DLT_PPP_SERIAL, DLT_NULL, DLT_LOOP};
constexpr std::array wireless{DLT_IEEE802_11, DLT_PRISM_HEADER, DLT_IEEE802_11_RADIO, DLT_IEEE802_11_RADIO_AVS,
                              DLT_PPI};
constexpr int snap_length = 65'535;  // of no importance for a filter that is only tried

std::string name_of(int datalink) {
  const char* name = ::pcap_datalink_val_to_name(datalink);
  return name != nullptr ? name : concat("DLT ", datalink);
}

bool compile_into(bpf_program& program, pcap_t* handle, const std::string& filter) {
  return ::pcap_compile(handle, &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) == 0;
}

std::string fault_for(int datalink, const std::string& filter) {
  const Handle handle(::pcap_open_dead(datalink, snap_length));
  bpf_program program{};
  if (!handle) return "there is no memory to compile it";
  if (!compile_into(program, handle.get(), filter)) return ::pcap_geterr(handle.get());
  ::pcap_freecode(&program);
  return "";
}

/// Whether only a host's name could not be found, which may be otherwise on another day or machine.
bool is_about_a_name(const std::string& fault) { return fault.find("unknown host") != std::string::npos; }

}  // namespace

Status supported(int datalink) {
  if (packet::link_of(datalink)) return Status::ok();
  const std::string name = name_of(datalink);
  if (std::find(wireless.begin(), wireless.end(), datalink) != wireless.end())
    return Status::fatal(concat("802.11 frames (link type ", name,
                                ") are not read, for most are encrypted: capture on the wireless interface when it is "
                                "not in monitor mode, or on the bridge or access point behind it"));
  return Status::fatal(
      concat("the link type ", name, " is not read, only Ethernet, raw IP, Linux cooked capture, PPP and loopback"));
}

std::string filter_fault(const std::string& filter) {
  // Which link type it will be, nobody knows yet; the words for Ethernet are those that most people understand.
  const std::string fault = fault_for(link_types.front(), filter);
  const auto fits = [&](int datalink) { return fault_for(datalink, filter).empty(); };
  if (fault.empty() || is_about_a_name(fault) || std::any_of(link_types.begin() + 1, link_types.end(), fits)) return {};
  return concat("is no filter in the syntax of pcap-filter(7): ", fault);
}

Filter::~Filter() {
  if (compiled_) ::pcap_freecode(&program_);
}

Status Filter::compile(pcap_t* handle, const std::string& filter) {
  compiled_ = compile_into(program_, handle, filter);
  if (compiled_) return Status::ok();
  const std::string fault = ::pcap_geterr(handle);
  if (is_about_a_name(fault)) return Status::retry(concat("the filter '", filter, "' names an ", fault));
  return Status::fatal(
      concat("the filter '", filter, "' does not fit the link type ", name_of(::pcap_datalink(handle)), ": ", fault));
}

Status set_filter(pcap_t* handle, const std::string& filter) {
  Filter compiled;
  if (Status status = compiled.compile(handle, filter); !status) return status;
  if (::pcap_setfilter(handle, compiled.program()) != 0)
    return Status::retry(concat("cannot set the filter '", filter, "': ", ::pcap_geterr(handle)));
  return Status::ok();
}

}  // namespace trafficd::pcap_input
