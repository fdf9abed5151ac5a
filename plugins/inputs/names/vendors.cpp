#include "vendors.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "trafficd/units.hpp"

namespace trafficd::names {

namespace {

constexpr std::size_t most_vendor_bytes = 64;

/// Takes a field and the comma or line end behind it off the front; `last` says that it ended the record.
std::string_view take_field(std::string_view& rest, bool& last) {
  std::string_view field;
  if (rest.starts_with('"')) {
    std::size_t end = 1;
    while (end < rest.size() && (rest[end] != '"' || rest.substr(end + 1).starts_with('"')))
      end += rest[end] == '"' ? 2 : 1;
    end = std::min(end, rest.size());
    field = rest.substr(1, end - 1);
    rest.remove_prefix(end);
  }
  const std::size_t end = std::min(rest.find_first_of(",\n"), rest.size());
  if (field.data() == nullptr) field = rest.substr(0, end);
  last = end == rest.size() || rest[end] == '\n';
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

bool read_prefix(std::string_view text, VendorBlock& block) {
  if (text.size() != 6 && text.size() != 7 && text.size() != 9) return false;
  block.length = static_cast<int>(text.size()) * 4;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), block.prefix, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::uint64_t parse_vendors(std::string_view csv, const std::function<void(const VendorBlock&)>& take) {
  std::uint64_t bad = 0;
  for (bool first = true; !csv.empty(); first = false) {
    std::array<std::string_view, 3> fields;
    std::size_t count = 0;
    for (bool last = false; !last;) {
      const std::string_view field = take_field(csv, last);
      if (count < fields.size()) fields[count++] = field;
    }
    VendorBlock block;
    block.name = fields[2];
    if (read_prefix(fields[1], block))
      take(block);
    else if (!first && !(count == 1 && (fields[0].empty() || fields[0] == "\r")))
      ++bad;
  }
  return bad;
}

std::string clean_vendor(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size() && plain.size() < 4 * most_vendor_bytes; ++i) {
    plain += name[i];
    if (name.substr(i).starts_with("\"\"")) ++i;
  }
  plain = printable(plain);
  std::size_t end = 0;
  while (end < plain.size()) {
    const std::size_t next = utf8_length(std::string_view(plain).substr(end));
    if (end + next > most_vendor_bytes) break;
    end += next;
  }
  plain.resize(end);
  plain.resize(plain.find_last_not_of(' ') + 1);
  return plain.substr(std::min(plain.find_first_not_of(' '), plain.size()));
}

VendorList::VendorList(std::filesystem::path folder)
    : files_{WatchedFile(folder / "oui.csv"), WatchedFile(folder / "mam.csv"), WatchedFile(folder / "oui36.csv"),
             WatchedFile(folder / "iab.csv")} {}

std::uint64_t VendorList::generation() {
  bool changed = generation_ == 0;
  for (WatchedFile& file : files_) changed = file.changed() || changed;
  return changed ? ++generation_ : generation_;
}

VendorList::Outcome VendorList::find(std::span<Wanted> wanted) const {
  std::unordered_multimap<std::uint64_t, Wanted*> by_first;  // three bytes, which every block has
  for (Wanted& each : wanted) by_first.emplace(each.mac.bits >> 24, &each);
  Outcome outcome;
  for (const WatchedFile& file : files_) {
    const WatchedFile::Content content = file.read();
    outcome.any = outcome.any || !content.missing;
    if (!content.missing && !content.error.empty())
      outcome.trouble = concat("cannot read '", file.path(), "': ", content.error);
    outcome.bad += parse_vendors(content.text, [&](const VendorBlock& block) {
      const auto [begin, end] = by_first.equal_range(block.prefix >> (block.length - 24));
      for (auto each = begin; each != end; ++each) {
        Wanted& asks = *each->second;
        if (asks.length >= block.length || asks.mac.bits >> (48 - block.length) != block.prefix) continue;
        asks.vendor = clean_vendor(block.name);
        asks.length = block.length;
      }
    });
  }
  return outcome;
}

}  // namespace trafficd::names
