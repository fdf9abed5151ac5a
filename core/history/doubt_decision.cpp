#include "history/doubt_decision.hpp"

#include "history/schema.hpp"
#include "history/tiers.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

constexpr std::uint64_t most_amount = std::uint64_t{1} << 62;
constexpr std::chrono::milliseconds patience{5'000};

struct Step {
  DoubtRow doubt;
  std::string measurement;
};

Step find_step(Database& database, std::string_view id) {
  Statement row(database,
                "SELECT d.id, d.time, d.series, d.field, d.before, d.after, d.amount, d.most, d.reason, d.decision,"
                " s.measurement, f.unit FROM doubtful d JOIN series s ON s.id = d.series"
                " LEFT JOIN field f ON f.measurement = s.measurement AND f.name = d.field WHERE d.id = ?1");
  if (!row.bind(1, id).step())
    throw Refusal(concat("there is no step '", id, "'; 'trafficd report --doubtful' shows those that there are"));
  const auto text = [&](int column) { return std::string(row.bytes(column)); };
  const auto number = [&](int column) { return static_cast<std::uint64_t>(row.integer(column)); };
  return {{text(0), Timestamp{std::chrono::seconds(row.integer(1))}, row.integer(2), text(3), text(11), number(4),
           number(5), number(6), number(7), text(8), text(9)},
          text(10)};
}

/// As a late sample would: into the bucket that ends with the step, of the finest tier and of each coarser one that is
/// past it already.
void book(Database& database, const Step& step) {
  if (step.doubt.amount > most_amount) throw Refusal("the amount is more than a history can hold; reject it");
  const auto shapes = load_shapes(database);
  const auto shape = shapes.find(step.measurement);
  if (shape == shapes.end()) throw Refusal(concat("this history has no measurement '", step.measurement, "'"));
  Statement tiers(database, "SELECT bucket, mark, kept_from FROM tier ORDER BY bucket");
  const std::string column = sql_name(step.doubt.field);
  std::int64_t start = -1;
  bool booked = false;
  for (bool finest = true; tiers.step(); finest = false) {
    const std::int64_t bucket = tiers.integer(0);
    if (finest) start = (unix_seconds(step.doubt.time) - 1) / bucket * bucket;
    if (start < tiers.integer(2) || (!finest && start >= tiers.integer(1))) continue;
    Statement add(database, concat("INSERT INTO ", shape->second.table(bucket), "(\"@key\", ", column,
                                   ") VALUES(?1, ?2) ON CONFLICT(\"@key\") DO UPDATE SET ", column, " = ", column,
                                   " + excluded.", column));
    add.bind(1, (start / bucket) << series_bits | step.doubt.series);
    add.bind(2, static_cast<std::int64_t>(step.doubt.amount)).run();
    booked = true;
  }
  if (!booked) throw Refusal("the history keeps nothing of that time any more; reject it");
}

}  // namespace

Result<DoubtRow> decide(const std::filesystem::path& file, std::string_view id, bool accept) {
  try {
    if (!std::filesystem::exists(file)) return Error{concat("there is no history at '", file, "'")};
    Database database(file, {.busy_timeout = patience});
    prepare_schema(database, false);
    // The service keeps account of how much of the log is in the file.
    database.exec("PRAGMA wal_autocheckpoint=0");
    Transaction change(database);
    Step step = find_step(database, id);
    if (!step.doubt.decision.empty()) throw Refusal(concat("the step '", id, "' was ", step.doubt.decision, " before"));
    if (accept) book(database, step);
    step.doubt.decision = accept ? "accepted" : "rejected";
    Statement mark(database, "UPDATE doubtful SET decision = ?2 WHERE id = ?1");
    mark.bind(1, id).bind(2, std::string_view(step.doubt.decision)).run();
    change.commit();
    return step.doubt;
  } catch (const DatabaseError& e) {
    return Error{e.what()};
  } catch (const Refusal& e) {
    return Error{e.what()};
  }
}

}  // namespace trafficd::history
