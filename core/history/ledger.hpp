#pragma once
// Who is measured and up to where it is counted: series ids and baselines, in memory while they are in use, in the
// file always. Baselines are written in the transaction of the amounts they led to, so a kill at any instant leaves
// both or neither.

#include <memory>
#include <optional>
#include <vector>

#include "history/layout.hpp"
#include "history/sealed.hpp"
#include "trafficd/counter.hpp"

namespace trafficd::history {

/// One series in use.
struct Account {
  struct Row {
    std::uint64_t epoch;
    std::int64_t id;
  };
  std::int64_t id = 0;
  SeriesPtr series;  ///< as it was seen last
  const Layout* layout = nullptr;
  CounterTracker tracker;
  std::optional<Held> held;                    ///< what the file has of it
  std::vector<Row> rows;                       ///< where the file keeps the lives
  std::int64_t next_row = 0;                   ///< the row of the next life
  std::vector<std::uint64_t> changed;          ///< epochs of the lives that differ from the file
  std::vector<std::uint32_t> cells;            ///< its cells in the coming flush
  bool touched = false;                        ///< has changed lives or cells
  bool lost_marks = false;                     ///< they were damaged: the next life is nobody's to count from zero
  std::uint64_t generation = 0;                ///< of the ledger, when the lives were read
  Timestamp newest;                            ///< latest sample
  Timestamp oldest = Timestamp::max();         ///< earliest sample
  std::int64_t first_seen = 0, last_seen = 0;  ///< as the file has them
};

class Ledger {
 public:
  explicit Ledger(Database& database);

  /// The account of a series, read or made when it is not in memory; nullptr when the file can hold no more series.
  /// Stays until the next call of `forget`.
  Account* account(const Sample& sample, const Layout& layout);
  /// What the sample adds. A life that comes under another name than before is carried over: nothing of it is lost or
  /// counted twice.
  Increase step(Account& account, const Sample& sample);

  /// Accounts that were stepped or given cells since the last `write`.
  void touch(Account& account);
  /// Writes what changed, and when each series was last seen; lets go of cells.
  void write();
  /// Drops what was not in use for some calls.
  void purge() { accounts_.purge(10); }
  void forget();
  std::uint64_t moved() const { return moved_; }
  /// Series whose marks were damaged: what they carried since their last sample before is not counted.
  std::uint64_t damaged() const { return damaged_; }
  /// How many series were added to the file since it was opened.
  std::uint64_t added() const { return added_; }

 private:
  struct Life {
    std::int64_t row;
    Baseline baseline;
  };
  bool read_series(Account& account);
  bool add_series(Account& account, Timestamp time);
  void read_lives(Account& account);
  bool read_baselines(Account& account);
  bool read_held(Account& account);
  void give_up(Account& account);
  void note_attributes(Account& account, const Sample& sample);
  std::optional<Life> find_elsewhere(Account& account, std::uint64_t epoch);
  bool adopt(Account& account, const Sample& sample);
  void write_life(Account& account, std::uint64_t epoch);
  void write_held(Account& account);
  void save_baselines();
  void remove_life(std::int64_t row);
  void move_away(std::int64_t row);
  void pack(const Account& account, const std::vector<std::uint64_t>& totals, const Account::Row* row);

  Database& database_;
  Statement find_series_, add_series_, last_series_, change_attributes_, change_seen_, change_first_;
  Statement read_lives_, find_epoch_, read_totals_, add_life_, save_baseline_, remove_life_, remove_baseline_;
  Statement read_trace_, find_orphan_, leave_trace_, read_held_, save_held_, remove_held_;
  SeriesMap<Account> accounts_;
  std::vector<Account*> touched_;
  struct Waiting {
    std::int64_t id, time;
    std::size_t size;
  };
  std::optional<Statement> save_baselines_;  ///< made when there is use for it
  std::vector<Waiting> waiting_;             ///< baselines of the running `write`; their totals follow one another
  std::string blobs_, buffer_;
  std::uint64_t generation_ = 1, moved_ = 0, added_ = 0, damaged_ = 0;
};

}  // namespace trafficd::history
