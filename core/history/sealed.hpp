#pragma once
// Totals as the history keeps them: a blob with a checksum over it and over the row that it belongs to. SQLite notices
// a broken page only where its own structure is hit; a number that was damaged must not become traffic.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "history/database.hpp"

namespace trafficd::history {

using Owner = std::initializer_list<std::int64_t>;

/// Adds the checksum.
void seal(std::string& bytes, Owner owner);
/// What was sealed for this owner; nothing when it is not as it was.
std::optional<std::string_view> unseal(std::string_view sealed, Owner owner);
/// The same of bytes that were looked at before.
std::string_view without_seal(std::string_view sealed);

/// Brings the baselines of a file that had no checksums to one that has; inside a transaction.
void seal_baselines(Database& database);

}  // namespace trafficd::history
