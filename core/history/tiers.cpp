#include "history/tiers.hpp"

#include <algorithm>

#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {
constexpr std::int64_t second = 1'000'000'000;
constexpr Duration quarter = std::chrono::minutes(15);
__extension__ using Wide = unsigned __int128;
}  // namespace

std::vector<Tier> default_tiers() {
  using std::chrono::hours;
  return {{std::chrono::minutes(1), hours(14 * 24)}, {quarter, hours(3650 * 24)}};
}

std::string check_tiers(const std::vector<Tier>& tiers) {
  if (tiers.empty()) return "needs at least one tier, such as { bucket: 15m, keep: 10y }";
  if (tiers.size() > 4) return "has more than four tiers; two are usual";
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    const Tier& tier = tiers[i];
    const std::string bucket = format_duration(tier.bucket);
    if (tier.bucket < std::chrono::seconds(1) || tier.bucket > quarter || quarter % tier.bucket != Duration{0} ||
        tier.bucket % std::chrono::seconds(1) != Duration{0})
      return concat("bucket ", bucket, " does not divide 15m; time zones differ by quarters of an hour, so only 1s to ",
                    "15m that divide 15m (such as 1m, 5m, 15m) give exact days everywhere");
    if (i > 0 && (tier.bucket <= tiers[i - 1].bucket || tier.bucket % tiers[i - 1].bucket != Duration{0}))
      return concat("bucket ", bucket, " must be a multiple of the one before it, ",
                    format_duration(tiers[i - 1].bucket), "; list the finest first");
    if (i > 0 && tier.keep < tiers[i - 1].keep)
      return concat("keep ", format_duration(tier.keep), " of bucket ", bucket,
                    " must not be shorter than that of the ", "finer one before it, ",
                    format_duration(tiers[i - 1].keep));
    if (tier.keep < std::chrono::hours(1)) return concat("keep of bucket ", bucket, " must be at least 1h");
  }
  return {};
}

std::string bucket_name(std::int64_t seconds) {
  return seconds % 60 == 0 ? concat(seconds / 60, "m") : concat(seconds, "s");
}

std::int64_t unix_seconds(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

void append_pieces(std::vector<Piece>& pieces, Timestamp from, Timestamp to, std::size_t tier, std::int64_t bucket,
                   std::int64_t most) {
  const std::int64_t width = bucket * second, end = to.time_since_epoch().count();
  const std::int64_t begin = std::min(from.time_since_epoch().count(), end);
  const std::int64_t last = std::max<std::int64_t>(end - 1, 0) / width;
  const std::int64_t first = std::min(begin / width, last);
  const std::int64_t stride = (last - first) / most + 1;
  for (std::int64_t index = first; index <= last; index += stride) {
    const std::int64_t final = std::min(index + stride - 1, last);
    const std::int64_t part = std::min((final + 1) * width, end) - std::max(index * width, begin);
    pieces.push_back({tier, final * bucket, std::max<std::int64_t>(part, 0)});
  }
}

std::uint64_t share(std::uint64_t amount, std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return 0;
  return static_cast<std::uint64_t>(Wide{amount} * static_cast<std::uint64_t>(part) /
                                    static_cast<std::uint64_t>(whole));
}

}  // namespace trafficd::history
