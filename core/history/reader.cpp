#include "history/reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <limits>
#include <map>

#include "history/log_end.hpp"
#include "history/schema.hpp"
#include "history/tiers.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

struct Level {
  std::int64_t bucket, mark, kept_from;
};

/// A stretch that is read from one tier, unix seconds.
struct Segment {
  std::size_t level;
  std::int64_t from, to;
};

std::vector<Level> read_levels(Database& database) {
  std::vector<Level> levels;
  Statement read(database, "SELECT bucket, mark, kept_from FROM tier ORDER BY bucket");
  while (read.step()) levels.push_back({read.integer(0), read.integer(1), read.integer(2)});
  if (levels.empty()) throw DatabaseError(DatabaseError::Kind::other, "the history has no tiers");
  return levels;
}

/// Which stretch is read from which tier: what is rolled up from the coarsest, the rest from finer ones, and so are the
/// buckets that an edge cuts in two, while the finer tier still has them.
class Plan {
 public:
  Plan(const std::vector<Level>& levels, const std::vector<std::int64_t>& edges) : levels_(levels), edges_(edges) {
    cover(levels.size() - 1, edges.front(), edges.back());
  }
  const std::vector<Segment>& segments() const { return segments_; }

 private:
  void cover(std::size_t level, std::int64_t from, std::int64_t to) {
    if (level == 0) return add(0, from, to);
    const std::int64_t bucket = levels_[level].bucket, finer = levels_[level - 1].kept_from;
    const std::int64_t rolled_up = std::min(to, levels_[level].mark);
    for (auto edge = std::lower_bound(edges_.begin(), edges_.end(), from); edge != edges_.end() && from < rolled_up;
         ++edge) {
      const std::int64_t begin = *edge - *edge % bucket, end = std::min(begin + bucket, rolled_up);
      if (*edge == begin || begin < finer || begin >= rolled_up || end <= from) continue;
      add(level, from, begin);
      cover(level - 1, std::max(from, begin), end);
      from = end;
    }
    add(level, from, rolled_up);
    if (rolled_up < to) cover(level - 1, std::max(from, rolled_up), to);
  }
  void add(std::size_t level, std::int64_t from, std::int64_t to) {
    if (from >= to) return;
    if (!segments_.empty() && segments_.back().level == level && segments_.back().to == from)
      segments_.back().to = to;
    else
      segments_.push_back({level, from, to});
  }
  const std::vector<Level>& levels_;
  const std::vector<std::int64_t>& edges_;
  std::vector<Segment> segments_;
};

void read_row(const Statement& row, const Shape& shape, SumRow& into) {
  into.estimated += row.integer(1);
  for (std::size_t i = 0; i < shape.fields.size(); ++i) {
    const Field& field = shape.fields[i];
    const int column = field.slot + 2;
    if (row.is_null(column)) continue;
    FieldSum next{.present = true};
    if (field.kind != Kind::gauge) {
      next.amount = row.integer(column);
    } else {
      next.sum = row.real(column);
      next.count = row.real(column + 1);
      next.min = row.real(column + 2);
      next.max = row.real(column + 3);
      next.last = row.is_null(column + 4) ? next.sum / next.count : row.real(column + 4);
    }
    into.fields[i].add(next, field.kind);
  }
}

/// What SQLite would say of these is true and tells nobody what to do.
void refuse_what_is_no_history(const std::filesystem::path& file) {
  if (std::error_code error; !std::filesystem::exists(file, error) && error)
    throw Refusal(
        concat("could not look for '", file, "': ", error.message(), "; give this user access to the folder"));
  if (::access(file.c_str(), R_OK) != 0 && errno == EACCES)
    throw Refusal(concat("'", file, "' may not be read by this user; give access to it, or choose another file"));
  if (is_text(file)) throw Refusal(concat("'", file, "' is a text and not a history of trafficd; choose another file"));
}

void refuse_what_is_empty(Database& database) {
  if (database.value("SELECT count(*) FROM sqlite_master") == 0 && database.value("PRAGMA user_version") == 0)
    throw Refusal(concat("'", database.file(),
                         "' is empty: the service has not begun a history in it; start 'trafficd run', ",
                         "or choose another file"));
}

Timestamp at(std::int64_t seconds) { return Timestamp{std::chrono::seconds{seconds}}; }

}  // namespace

void FieldSum::add(const FieldSum& other, Kind kind) {
  if (!other.present) return;
  if (kind != Kind::gauge) {
    if (__builtin_add_overflow(amount, other.amount, &amount)) amount = std::numeric_limits<std::int64_t>::max();
  } else {
    min = present ? std::min(min, other.min) : other.min;
    max = present ? std::max(max, other.max) : other.max;
    sum += other.sum;
    count += other.count;
    last = other.last;
  }
  present = true;
}

std::optional<std::string_view> SeriesInfo::tag(std::string_view key) const {
  const auto found = find_tag(identity, key);
  return found ? found : find_tag(attributes, key);
}

struct Reader::Impl {
  explicit Impl(const std::filesystem::path& file) : database(file, {.mode = Database::Mode::read_only}) {}

  /// Runs a query; whatever the file answers becomes an Error.
  template <class T>
  Result<T> ask(const std::function<T()>& query) {
    try {
      Transaction snapshot(database, Transaction::Kind::read);
      return query();
    } catch (const DatabaseError& e) {
      if (e.kind() != DatabaseError::Kind::damaged) return Error{e.what()};
      return Error{
          concat(e.what(),
                 "; a part of it is damaged: ask for other days or another measurement. The service "
                 "begins a new history as soon as it needs that part; `sqlite3 FILE .recover` saves the rest")};
    } catch (const Refusal& e) {
      return Error{e.what()};
    }
  }

  std::vector<SumRow> sums(std::string_view measurement, const std::vector<Timestamp>& edges,
                           const std::vector<std::int64_t>& only);
  Database database;
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(const std::filesystem::path& file) {
  try {
    refuse_what_is_no_history(file);
    auto impl = std::make_unique<Impl>(file);
    refuse_what_is_empty(impl->database);
    prepare_schema(impl->database, false);
    return Reader(std::move(impl));
  } catch (const DatabaseError& e) {
    // SQLite can only say that this one may not write.
    if (std::error_code unknown;
        e.kind() == DatabaseError::Kind::readonly && std::filesystem::exists(beside(file, "-journal"), unknown))
      return Error{concat("could not read '", file, "': the service was killed while it opened it; start it once")};
    if (e.kind() != DatabaseError::Kind::damaged) return Error{e.what()};
    return Error{concat(
        e.what(),
        "; a damaged history is renamed by the service, which begins a new one; if this is none, choose another file")};
  } catch (const Refusal& e) {
    return Error{e.what()};
  }
}

Result<std::vector<MeasurementInfo>> Reader::measurements() const {
  return impl_->ask<std::vector<MeasurementInfo>>([&] {
    std::vector<MeasurementInfo> all;
    for (const auto& [name, shape] : load_shapes(impl_->database)) {
      all.push_back({name, shape.identity, {}});
      for (const Field& field : shape.fields) all.back().fields.push_back({field.name, field.kind, field.unit});
    }
    return all;
  });
}

Result<std::vector<SeriesInfo>> Reader::series(std::string_view measurement) const {
  return impl_->ask<std::vector<SeriesInfo>>([&] {
    const std::string which = " FROM series s WHERE (?1 = '' OR s.measurement = ?1)";
    std::vector<SeriesInfo> all;
    std::map<std::int64_t, std::size_t> places;
    // The series says it to the quarter of an hour, the lives of its counters say it exactly.
    Statement rows(
        impl_->database,
        "SELECT s.id, s.instance, s.measurement, s.first_seen, max(s.last_seen * 1000000000,"
        " ifnull((SELECT max(time) FROM baseline WHERE id BETWEEN s.id << 32 AND ((s.id + 1) << 32) - 1), 0))" +
            which + " ORDER BY s.measurement, s.instance, s.identity");
    rows.bind(1, measurement);
    while (rows.step()) {
      places[rows.integer(0)] = all.size();
      all.push_back({rows.integer(0),
                     std::string(rows.bytes(1)),
                     std::string(rows.bytes(2)),
                     {},
                     {},
                     at(rows.integer(3)),
                     Timestamp{Duration{rows.integer(4)}}});
    }
    for (const bool identity : {true, false}) {
      Statement tags(impl_->database,
                     concat("SELECT s.id, j.key, j.value FROM series s, json_each(s.",
                            identity ? "identity" : "attributes", ") j WHERE (?1 = '' OR s.measurement = ?1)"));
      tags.bind(1, measurement);
      while (tags.step()) {
        SeriesInfo& series = all[places[tags.integer(0)]];
        (identity ? series.identity : series.attributes)
            .push_back({std::string(tags.bytes(1)), std::string(tags.bytes(2))});
      }
    }
    return all;
  });
}

Result<std::vector<SumRow>> Reader::sums(std::string_view measurement, const std::vector<Timestamp>& edges,
                                         const std::vector<std::int64_t>& only) const {
  return impl_->ask<std::vector<SumRow>>([&] { return impl_->sums(measurement, edges, only); });
}

std::vector<SumRow> Reader::Impl::sums(std::string_view measurement, const std::vector<Timestamp>& edges,
                                       const std::vector<std::int64_t>& only) {
  const auto shapes = load_shapes(database);
  const auto known = shapes.find(measurement);
  if (known == shapes.end() || edges.size() < 2) return {};
  const Shape& shape = known->second;
  const std::vector<Level> levels = read_levels(database);
  std::vector<std::int64_t> bounds;
  for (const Timestamp edge : edges) bounds.push_back(unix_seconds(edge));
  std::map<std::pair<std::size_t, std::int64_t>, SumRow> found;
  const Plan plan(levels, bounds);
  for (const Segment& segment : plan.segments()) {
    const std::int64_t bucket = levels[segment.level].bucket;
    Statement rows(database, concat("SELECT ", shape.column_list(), " FROM ", shape.table(bucket),
                                    " WHERE \"@key\" >= ?1 AND \"@key\" < ?2 ORDER BY \"@key\""));
    // A bucket belongs to where it begins.
    const auto key_at = [&](std::int64_t time) { return ((time + bucket - 1) / bucket) << series_bits; };
    rows.bind(1, key_at(segment.from)).bind(2, key_at(segment.to));
    while (rows.step()) {
      const std::int64_t series = rows.integer(0) & series_mask;
      if (!only.empty() && std::find(only.begin(), only.end(), series) == only.end()) continue;
      const std::int64_t start = (rows.integer(0) >> series_bits) * bucket;
      const auto period =
          static_cast<std::size_t>(std::upper_bound(bounds.begin(), bounds.end(), start) - bounds.begin()) - 1;
      SumRow& row = found[{period, series}];
      row.fields.resize(shape.fields.size());
      read_row(rows, shape, row);
    }
  }
  std::vector<SumRow> all;
  for (auto& [place, row] : found) {
    row.period = place.first;
    row.series = place.second;
    all.push_back(std::move(row));
  }
  return all;
}

Result<Duration> Reader::grain(Timestamp time) const {
  return impl_->ask<Duration>([&]() -> Duration {
    const std::vector<Level> levels = read_levels(impl_->database);
    for (const Level& level : levels)
      if (unix_seconds(time) >= level.kept_from) return std::chrono::seconds{level.bucket};
    return std::chrono::seconds{levels.back().bucket};
  });
}

Result<std::vector<DoubtRow>> Reader::doubts() const {
  return impl_->ask<std::vector<DoubtRow>>([&] {
    Statement rows(impl_->database,
                   "SELECT d.id, d.time, d.series, d.field, f.unit, d.before, d.after, d.amount, d.most, d.reason,"
                   " d.decision FROM doubtful d LEFT JOIN series s ON s.id = d.series"
                   " LEFT JOIN field f ON f.measurement = s.measurement AND f.name = d.field ORDER BY d.time, d.id");
    const auto text = [&](int column) { return std::string(rows.bytes(column)); };
    const auto number = [&](int column) { return static_cast<std::uint64_t>(rows.integer(column)); };
    std::vector<DoubtRow> all;
    while (rows.step())
      all.push_back({text(0), at(rows.integer(1)), rows.integer(2), text(3), text(4), number(5), number(6), number(7),
                     number(8), text(9), text(10)});
    return all;
  });
}

Result<std::int64_t> Reader::forgotten_doubts() const {
  return impl_->ask<std::int64_t>([&] { return impl_->database.value("SELECT doubtful FROM forgotten"); });
}

}  // namespace trafficd::history
