#pragma once
// Steps of counters that nobody could judge: kept beside the amounts, in the transaction of the baselines that went on
// from them, until a person decides. Bounded; the same step is kept once, however often it comes.

#include "history/ledger.hpp"

namespace trafficd::history {

class DoubtStore {
 public:
  static constexpr std::int64_t most = 10'000;

  explicit DoubtStore(Database& database);
  /// False when it was there already.
  bool add(std::int64_t series, const Layout& layout, const Doubt& doubt);
  /// Lets go of what is too many, the oldest first and of these the decided ones. Answers how many went.
  std::uint64_t trim();

 private:
  Database& database_;
  Statement add_;
  std::int64_t count_;
};

}  // namespace trafficd::history
