#include "history/sealed.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <vector>

namespace trafficd::history {

namespace {

constexpr std::size_t sum_size = 4;

std::uint32_t checksum(std::string_view bytes, Owner owner) {
  std::uint32_t sum = libdeflate_crc32(0, owner.begin(), owner.size() * sizeof(std::int64_t));
  // What is all zero must not look whole.
  sum = libdeflate_crc32(sum, "trafficd", 8);
  return bytes.empty() ? sum : libdeflate_crc32(sum, bytes.data(), bytes.size());
}

}  // namespace

void seal(std::string& bytes, Owner owner) {
  const std::uint32_t sum = checksum(bytes, owner);
  for (std::size_t i = 0; i < sum_size; ++i) bytes += static_cast<char>(sum >> (8 * i));
}

std::string_view without_seal(std::string_view sealed) {
  return sealed.substr(0, sealed.size() - std::min(sealed.size(), sum_size));
}

std::optional<std::string_view> unseal(std::string_view sealed, Owner owner) {
  if (sealed.size() < sum_size) return std::nullopt;
  const std::string_view bytes = without_seal(sealed);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < sum_size; ++i)
    sum |= std::uint32_t{static_cast<unsigned char>(sealed[bytes.size() + i])} << (8 * i);
  return sum == checksum(bytes, owner) ? std::optional(bytes) : std::nullopt;
}

void seal_baselines(Database& database) {
  struct Row {
    std::int64_t id, epoch, time, begun, seen;
    std::string totals;
  };
  std::vector<Row> lives, held;
  // A life without a baseline is the trace of one that moved away.
  for (Statement all(database, "SELECT id, epoch, time, totals FROM life LEFT JOIN baseline USING(id)"); all.step();)
    lives.push_back({all.integer(0), all.integer(1), all.integer(2), 0, 0, std::string(all.bytes(3))});
  for (Statement all(database, "SELECT id, time, begun, seen, totals FROM held"); all.step();)
    held.push_back({all.integer(0), 0, all.integer(1), all.integer(2), all.integer(3), std::string(all.bytes(4))});
  database.exec("DELETE FROM baseline");
  Statement save(database, "INSERT INTO baseline VALUES(?1, ?2, ?3)");
  for (Row& row : lives) {
    seal(row.totals, {row.id, row.epoch, row.time});
    save.bind(1, row.id).bind(2, row.time).bind_blob(3, row.totals).run();
  }
  Statement hold(database, "UPDATE held SET totals=?2 WHERE id=?1");
  for (Row& row : held) {
    seal(row.totals, {row.id, row.begun, row.time, row.seen});
    hold.bind(1, row.id).bind_blob(2, row.totals).run();
  }
}

}  // namespace trafficd::history
