#include "record_reader.hpp"

#include <algorithm>
#include <cstring>

#include "packet/bytes.hpp"

namespace trafficd::pcap_input {

namespace {

/// A piece that stays in a processor's own memory until it is read.
constexpr std::size_t piece = 128 * 1024;

std::uint32_t number_at(const char* bytes, bool swapped) {
  const auto number = packet::load<std::uint32_t>(reinterpret_cast<const std::uint8_t*>(bytes));
  return swapped ? __builtin_bswap32(number) : number;
}

std::uint16_t short_at(const char* bytes, bool swapped) {
  const auto number = packet::load<std::uint16_t>(reinterpret_cast<const std::uint8_t*>(bytes));
  return swapped ? __builtin_bswap16(number) : number;
}

}  // namespace

std::optional<RecordReader::Form> RecordReader::form_of(std::string_view header) {
  if (header.size() < header_size) return {};
  for (const bool swapped : {false, true}) {
    const std::uint32_t magic = number_at(header.data(), swapped);
    if (short_at(header.data() + 4, swapped) != 2 || short_at(header.data() + 6, swapped) != 4) continue;
    if (magic == 0xa1b2c3d4) return Form{.swapped = swapped};
    if (magic == 0xa1b23c4d) return Form{.swapped = swapped, .nanoseconds = true};
  }
  return {};
}

RecordReader::RecordReader(const Form& form, Fill fill)
    : form_(form),
      fill_(std::move(fill)),
      buffer_(std::make_unique_for_overwrite<char[]>(record_header + most_kept + piece)),
      at_(buffer_.get()),
      end_(buffer_.get()) {}

RecordReader::Outcome RecordReader::read(pcap_handler handler, u_char* user, int most) {
  for (int given = 0; given < most; ++given) {
    if (!have(record_header)) [[unlikely]]
      return given > 0 && at_ == end_ ? Outcome::more : why_not(record_header);
    pcap_pkthdr header = header_at(at_);
    const std::uint32_t size = header.caplen;
    if (size > most_kept) {
      place_ += record_header;
      return Outcome::damaged;
    }
    if (!have(record_header + size)) [[unlikely]]
      return why_not(record_header + size);
    header.caplen = std::min(size, form_.keeps);
    const char* const bytes = at_ + record_header;
    at_ = bytes + size;
    place_ += record_header + size;
    handler(user, &header, reinterpret_cast<const u_char*>(bytes));
  }
  return Outcome::more;
}

pcap_pkthdr RecordReader::header_at(const char* bytes) const {
  const bool swapped = form_.swapped;
  pcap_pkthdr header;
  header.ts.tv_sec = number_at(bytes, swapped);
  const std::uint32_t fraction = number_at(bytes + 4, swapped);
  // A damaged one is what libpcap makes of it: its sign counts unless bytes are swapped.
  header.ts.tv_usec =
      (swapped ? std::int64_t{fraction} : static_cast<std::int32_t>(fraction)) * (form_.nanoseconds ? 1 : 1000);
  header.caplen = number_at(bytes + 8, swapped);
  header.len = number_at(bytes + 12, swapped);
  return header;
}

/// More, until so many bytes stand at `at_`.
bool RecordReader::fetch(std::size_t size) {
  const auto rest = static_cast<std::size_t>(end_ - at_);
  std::memmove(buffer_.get(), at_, rest);
  char* end = buffer_.get() + rest;
  at_ = buffer_.get();
  while (static_cast<std::size_t>(end - at_) < size) {
    const ssize_t got = fill_(end, piece);
    unreadable_ = got < 0;
    if (got <= 0) break;
    end += got;
  }
  end_ = end;
  return static_cast<std::size_t>(end_ - at_) >= size;
}

RecordReader::Outcome RecordReader::why_not(std::size_t wanted) {
  const auto rest = static_cast<std::size_t>(end_ - at_);
  place_ += rest;
  at_ = end_;
  if (unreadable_) return Outcome::unreadable;
  return rest == 0 && wanted == record_header ? Outcome::ended : Outcome::cut_off;
}

}  // namespace trafficd::pcap_input
