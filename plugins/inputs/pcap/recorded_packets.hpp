#pragma once
// Captures that tests make for themselves, and a handler that notes what it is given.

#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "capture_filter.hpp"

namespace trafficd::pcap_input {

struct Seen {
  std::vector<std::uint32_t> lengths;  ///< on the wire
  std::vector<std::uint32_t> kept;
  std::vector<std::int64_t> stamps;  ///< ns
};

inline void note(u_char* seen, const pcap_pkthdr* header, const u_char*) {
  auto& all = *reinterpret_cast<Seen*>(seen);
  all.lengths.push_back(header->len);
  all.kept.push_back(header->caplen);
  all.stamps.push_back(header->ts.tv_sec * std::int64_t{1'000'000'000} + header->ts.tv_usec);
}

inline u_char* user(Seen& seen) { return reinterpret_cast<u_char*>(&seen); }

constexpr std::int64_t first_second = 1'700'000'000;

/// A capture of so many frames, 100, 101, 102 … bytes long, a second apart, with 123456789 ns as far as the file's
/// stamps can hold them. Answers the content of the file.
inline std::string capture(const std::filesystem::path& folder, int packets, int precision, int datalink = DLT_EN10MB) {
  const Handle handle(::pcap_open_dead_with_tstamp_precision(datalink, 96, static_cast<u_int>(precision)));
  const std::string path = folder / "made.pcap";
  pcap_dumper_t* dumper = ::pcap_dump_open(handle.get(), path.c_str());
  if (dumper == nullptr) throw std::runtime_error(::pcap_geterr(handle.get()));
  const u_char bytes[96] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
  for (int i = 0; i < packets; ++i) {
    const pcap_pkthdr header{{first_second + i, precision == PCAP_TSTAMP_PRECISION_NANO ? 123'456'789 : 123'456},
                             sizeof bytes,
                             static_cast<bpf_u_int32>(100 + i)};
    ::pcap_dump(reinterpret_cast<u_char*>(dumper), &header, bytes);
  }
  ::pcap_dump_close(dumper);
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string gzip(const std::string& content) {
  z_stream packer{};
  if (::deflateInit2(&packer, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("no memory");
  std::string out(::deflateBound(&packer, content.size()), '\0');
  packer.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  packer.avail_in = static_cast<uInt>(content.size());
  packer.next_out = reinterpret_cast<Bytef*>(out.data());
  packer.avail_out = static_cast<uInt>(out.size());
  ::deflate(&packer, Z_FINISH);
  out.resize(packer.total_out);
  ::deflateEnd(&packer);
  return out;
}

}  // namespace trafficd::pcap_input
