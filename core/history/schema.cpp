#include "history/schema.hpp"

#include <strings.h>

#include <algorithm>
#include <array>

#include "history/json.hpp"
#include "history/sealed.hpp"
#include "history/tiers.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

constexpr std::size_t most_fields = 200, most_measurements = 1000, longest_name = 64;
constexpr std::array<const char*, 5> gauge_parts = {":sum", ":count", ":min", ":max", ":last"};

/// Step n brings version n to n + 1. Steps are added, never changed.
constexpr std::array<const char*, 4> migrations = {
    "CREATE TABLE measurement(name TEXT PRIMARY KEY COLLATE NOCASE, identity TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE field(measurement TEXT NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,"
    " unit TEXT NOT NULL, PRIMARY KEY(measurement, place)) WITHOUT ROWID;"
    "CREATE TABLE series(id INTEGER PRIMARY KEY, instance TEXT NOT NULL, measurement TEXT NOT NULL,"
    " identity TEXT NOT NULL, attributes TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
    " UNIQUE(measurement, instance, identity));"
    "CREATE TABLE life(id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL);"
    "CREATE INDEX life_epoch ON life(epoch);"
    "CREATE TABLE baseline(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, totals BLOB NOT NULL);"
    "CREATE TABLE tier(bucket INTEGER PRIMARY KEY, keep INTEGER NOT NULL, mark INTEGER NOT NULL,"
    " kept_from INTEGER NOT NULL);"
    "CREATE TABLE newest(id INTEGER PRIMARY KEY CHECK(id = 1), time INTEGER NOT NULL);"
    "INSERT INTO newest VALUES(1, 0);",
    "CREATE TABLE held(id INTEGER PRIMARY KEY, begun INTEGER NOT NULL, time INTEGER NOT NULL, seen INTEGER NOT NULL,"
    " totals BLOB NOT NULL);"
    "CREATE TABLE doubtful(id TEXT PRIMARY KEY, time INTEGER NOT NULL, series INTEGER NOT NULL, field TEXT NOT NULL,"
    " before INTEGER NOT NULL, after INTEGER NOT NULL, amount INTEGER NOT NULL, most INTEGER NOT NULL,"
    " reason TEXT NOT NULL, decision TEXT NOT NULL DEFAULT '') WITHOUT ROWID;"
    "CREATE TABLE forgotten(id INTEGER PRIMARY KEY CHECK(id = 1), doubtful INTEGER NOT NULL);"
    "INSERT INTO forgotten VALUES(1, 0);",
    "DROP TABLE newest;", ""};
constexpr std::int64_t version = migrations.size(), without_seals = 3;
// What is further ahead was made by no trafficd: a bit of it has tipped.
constexpr std::int64_t versions_ahead = 100;

bool plain_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

Kind kind_named(std::string_view text) {
  return text == "counter" ? Kind::counter : text == "delta" ? Kind::delta : Kind::gauge;
}

std::string view_name(const Shape& shape, std::int64_t bucket) {
  const std::string unit = bucket == 60 ? "minute" : bucket == 900 ? "quarter" : bucket_name(bucket);
  return sql_name(concat(shape.name, "_by_", unit));
}

/// The rows of a table with everything that a key hides: time, instance, identity tags.
std::string view_sql(const Shape& shape, std::int64_t bucket) {
  const std::string unix = concat("(t.\"@key\" >> ", series_bits, ") * ", bucket);
  std::string sql = concat("CREATE VIEW IF NOT EXISTS ", view_name(shape, bucket), " AS SELECT datetime(", unix,
                           ", 'unixepoch') AS time, ", unix, " AS unix, s.instance AS instance");
  for (const std::string& tag : shape.identity)
    if (plain_name(tag)) sql += concat(", json_extract(s.identity, '$.", tag, "') AS ", sql_name(tag));
  for (const Field& field : shape.fields) {
    const auto column = [&](const char* part) { return concat("t.", sql_name(concat(field.name, part))); };
    if (field.kind != Kind::gauge) {
      sql += concat(", ", column(""), " AS ", sql_name(field.name));
      continue;
    }
    sql += concat(", ", column(":sum"), " * 1.0 / ", column(":count"), " AS ", sql_name(field.name + "_mean"));
    for (const std::string part : {"min", "max", "last"})
      sql += concat(", ", column((":" + part).c_str()), " AS ", sql_name(field.name + "_" + part));
  }
  return sql + concat(", t.\"@estimated\" AS estimated FROM ", shape.table(bucket),
                      " t JOIN series s ON s.id = t.\"@key\" & ", series_mask);
}

std::string identity_json(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) {
    if (out.size() > 1) out += ',';
    append_json(out, name);
  }
  return out + "]";
}

void migrate(Database& database, std::int64_t from) {
  Transaction step(database);
  for (std::int64_t v = from; v < version; ++v) {
    database.exec(migrations[static_cast<std::size_t>(v)]);
    if (v == without_seals) seal_baselines(database);
  }
  database.exec(concat("PRAGMA application_id=", application_id));
  database.exec(concat("PRAGMA user_version=", version));
  step.commit();
}

/// Why the new field cannot stand beside the known ones; empty when it can.
std::string clash(const Shape& shape, const FieldSpec& field) {
  for (const Field& known : shape.fields) {
    if (lower(known.name) != lower(field.name)) continue;
    if (known.name != field.name)
      return concat("field '", field.name, "' of '", shape.name, "' differs from '", known.name, "' by case only");
    if (known.kind != field.kind)
      return concat("field '", field.name, "' of '", shape.name, "' is a ", to_string(known.kind),
                    " in this history and not a ", to_string(field.kind));
  }
  return {};
}

}  // namespace

const Field* Shape::find(std::string_view field) const {
  for (const Field& known : fields)
    if (known.name == field) return &known;
  return nullptr;
}

void Shape::add(std::string field, Kind kind, std::string unit) {
  fields.push_back({std::move(field), kind, std::move(unit), slots});
  slots += fields.back().slots();
  if (kind == Kind::counter) ++counters;
}

std::string Shape::table(std::int64_t bucket) const { return sql_name(concat(name, "_", bucket_name(bucket))); }

std::vector<std::string> Shape::definitions() const {
  std::vector<std::string> all = columns();
  for (const Field& field : fields)
    for (int i = 0; i < field.slots(); ++i)
      all[static_cast<std::size_t>(field.slot + i)] +=
          field.kind == Kind::gauge ? " NUMERIC" : " INTEGER NOT NULL DEFAULT 0";
  return all;
}

std::vector<std::string> Shape::columns() const {
  std::vector<std::string> all;
  for (const Field& field : fields) {
    if (field.kind != Kind::gauge) all.push_back(sql_name(field.name));
    if (field.kind == Kind::gauge)
      for (const char* part : gauge_parts) all.push_back(sql_name(field.name + part));
  }
  return all;
}

std::string Shape::column_list() const {
  std::string list = "\"@key\", \"@estimated\"";
  for (const std::string& column : columns()) list += ", " + column;
  return list;
}

void prepare_schema(Database& database, bool may_change) {
  const std::int64_t id = database.value("PRAGMA application_id"), found = database.value("PRAGMA user_version");
  const bool empty = database.value("SELECT count(*) FROM sqlite_master") == 0;
  if (id != application_id && !(empty && id == 0 && found == 0))
    throw Refusal(concat("'", database.file(), "' is not a history of trafficd; choose another file"));
  if (found > version + versions_ahead)
    throw DatabaseError(DatabaseError::Kind::damaged, concat("'", database.file(), "' says it has version ", found));
  if (found > version)
    throw Refusal(concat("'", database.file(), "' has version ", found, ", made by a newer trafficd; this one knows ",
                         version, ": install the newer one or choose another file"));
  if (found == 0 && !empty)
    throw DatabaseError(DatabaseError::Kind::damaged, concat("'", database.file(), "' has lost its version"));
  if (may_change) database.log_ahead();
  if (found == version && !empty) return;
  if (!may_change)
    throw Refusal(
        concat("'", database.file(), "' has version ", found, "; run the service once to bring it to ", version));
  migrate(database, found);
}

std::map<std::string, Shape, std::less<>> load_shapes(Database& database) {
  std::map<std::string, Shape, std::less<>> shapes;
  Statement names(database, "SELECT name FROM measurement");
  while (names.step()) {
    const std::string name(names.bytes(0));
    shapes[name].name = name;
  }
  Statement tags(database, "SELECT m.name, j.value FROM measurement m, json_each(m.identity) j");
  while (tags.step()) shapes[std::string(tags.bytes(0))].identity.emplace_back(tags.bytes(1));
  Statement fields(database, "SELECT measurement, name, kind, unit FROM field ORDER BY measurement, place");
  while (fields.step())
    if (const auto shape = shapes.find(fields.bytes(0)); shape != shapes.end())
      shape->second.add(std::string(fields.bytes(1)), kind_named(fields.bytes(2)), std::string(fields.bytes(3)));
  return shapes;
}

std::string check_names(const Measurement& measurement) {
  if (!plain_name(measurement.name()))
    return concat("the measurement's name '", measurement.name(), "' is not made of letters, digits and _");
  constexpr std::string_view reserved = "sqlite_";
  if (strncasecmp(measurement.name().c_str(), reserved.data(), reserved.size()) == 0)
    return concat("the measurement's name '", measurement.name(), "' begins with ", reserved,
                  ", as only SQLite's own tables may");
  for (const FieldSpec& field : measurement.fields())
    if (!plain_name(field.name))
      return concat("field '", field.name, "' of '", measurement.name(), "' is not made of letters, digits and _");
  return {};
}

std::string extend(Database& database, Shape& shape, const Measurement& measurement,
                   const std::vector<std::int64_t>& buckets) {
  const bool fresh = shape.name.empty();
  Shape wider = shape;
  if (fresh) {
    wider.name = measurement.name();
    wider.identity = measurement.identity();
    if (database.value("SELECT count(*) FROM measurement") >= static_cast<std::int64_t>(most_measurements))
      return concat("this history holds ", most_measurements, " measurements already");
    Statement same(database, "SELECT name FROM measurement WHERE name = ?1");
    if (same.bind(1, wider.name).step())
      return concat("measurement '", wider.name, "' differs from '", same.bytes(0), "' by case only");
  }
  for (const FieldSpec& field : measurement.fields()) {
    if (std::string reason = clash(wider, field); !reason.empty()) return reason;
    if (wider.find(field.name) == nullptr) wider.add(field.name, field.kind, field.unit);
  }
  if (wider.fields.size() > most_fields)
    return concat("measurement '", wider.name, "' would have more than ", most_fields, " fields");

  Statement add_field(database, "INSERT INTO field VALUES(?1, ?2, ?3, ?4, ?5)");
  for (std::size_t i = shape.fields.size(); i < wider.fields.size(); ++i) {
    const Field& field = wider.fields[i];
    add_field.bind(1, wider.name).bind(2, static_cast<std::int64_t>(i)).bind(3, field.name);
    add_field.bind(4, to_string(field.kind)).bind(5, field.unit).run();
  }
  if (fresh) {
    Statement add(database, "INSERT INTO measurement VALUES(?1, ?2)");
    add.bind(1, wider.name).bind(2, identity_json(wider.identity)).run();
  }
  const std::vector<std::string> definitions = wider.definitions();
  for (const std::int64_t bucket : buckets) {
    for (auto i = static_cast<std::size_t>(shape.slots); !fresh && i < definitions.size(); ++i)
      database.exec(concat("ALTER TABLE ", wider.table(bucket), " ADD COLUMN ", definitions[i]));
    database.exec("DROP VIEW IF EXISTS " + view_name(wider, bucket));
    make_table(database, wider, bucket);
  }
  shape = std::move(wider);
  return {};
}

void make_table(Database& database, const Shape& shape, std::int64_t bucket) {
  std::string sql = concat("CREATE TABLE IF NOT EXISTS ", shape.table(bucket),
                           "(\"@key\" INTEGER PRIMARY KEY, \"@estimated\" INTEGER NOT NULL DEFAULT 0");
  for (const std::string& definition : shape.definitions()) sql += ", " + definition;
  database.exec(sql + ")");
  database.exec(view_sql(shape, bucket));
}

void drop_table(Database& database, const Shape& shape, std::int64_t bucket) {
  database.exec("DROP VIEW IF EXISTS " + view_name(shape, bucket));
  database.exec("DROP TABLE IF EXISTS " + shape.table(bucket));
}

}  // namespace trafficd::history
