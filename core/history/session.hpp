#pragma once
// A history file while it is open for writing: its tables, accounts and waiting cells. It knows how a sample becomes
// rows; Writer, around it, knows what to do when the file fails. Everything throws DatabaseError or Refusal.

#include <array>
#include <unordered_map>

#include "history/cells.hpp"
#include "history/doubts.hpp"
#include "history/ledger.hpp"
#include "history/writer.hpp"

namespace trafficd::history {

class Writer::Session {
 public:
  Session(const Settings& settings, Timestamp now);

  /// One transaction.
  WriteResult append(std::span<const Sample> batch, Timestamp now, Tally& tally);
  /// What is due by now: at most once a minute, in transactions of bounded size.
  void upkeep(Timestamp now);
  void settle() noexcept { database_.settle(); }
  void log_ends_at(std::uint32_t frames) noexcept { database_.log_ends_at(frames); }
  /// What a kill left in the log goes into the file: from now on no damage to the log can take it away.
  void take_over_log() noexcept { database_.fold_log(); }
  /// Somebody moved, removed or replaced the file under us.
  bool file_gone() const;
  /// Removes our log where it would be taken for that of the file which stands there now.
  void abandon_log() const;

 private:
  struct Level {
    std::int64_t bucket, keep;   ///< seconds
    std::int64_t mark = 0;       ///< everything before it was rolled up into this tier; of no meaning in the finest
    std::int64_t kept_from = 0;  ///< rows before it have expired, and count no more
    bool unfinished = false;     ///< some of those are still there
    friend bool operator==(const Level&, const Level&) = default;
  };
  /// A measurement and the statements of its tables, one per tier.
  struct Tables {
    Shape shape;
    std::vector<std::unique_ptr<TableWriter>> writers;
  };

  // session.cpp: the file
  void read_levels(const Settings& settings, Timestamp now);
  void refuse_damaged(const std::vector<Level>& stored);
  void refuse_lost_columns(const Tables& tables, std::int64_t bucket);
  void change_levels(const std::vector<Level>& stored, Timestamp now);
  void save_level(const Level& level);
  std::int64_t newest_row();
  void prepare_writers(Tables& tables);
  std::vector<std::int64_t> buckets() const;

  // append.cpp: samples to cells
  void secure_new_series(Timestamp now);
  std::string add(const Sample& sample, Timestamp now, Tally& tally);
  const Layout* layout_of(const MeasurementPtr& measurement, std::string& reason);
  void keep_believable(const Sample& sample, Increase& increase) const;
  void add_increase(Account& account, Tables& tables, const Increase& increase, Timestamp until, Timestamp now);
  void lay_out(Timestamp from, Timestamp to, Timestamp now);
  void find_targets(Account& account, Tables& tables, std::size_t tier, std::int64_t start);
  void add_values(Account& account, Tables& tables, const Sample& sample);
  void flush();

  // upkeep.cpp: tiers
  void roll_up(std::size_t level, std::int64_t until);
  void roll_up_table(Tables& tables, std::size_t level, std::int64_t until);
  bool expire(std::size_t level, Timestamp now);

  /// Which file a path led to.
  struct FileMark {
    std::uint64_t device = 0, inode = 0;
    friend bool operator==(const FileMark&, const FileMark&) = default;
  };
  static FileMark mark_of(const std::filesystem::path& path);

  Database database_;
  FileMark file_, log_;
  std::vector<Level> levels_;
  std::map<std::string, Tables, std::less<>> tables_;
  std::unordered_map<const Measurement*, Layout> layouts_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<DoubtStore> doubts_;
  Cells cells_;
  Duration gap_, secure_pause_{};
  std::uint64_t secured_series_ = 0;
  Timestamp secured_at_, next_upkeep_, steady_since_, last_upkeep_;
  // Scratch of one sample: its pieces, the cells they fall into, what each counter still has to give.
  std::vector<Piece> pieces_;
  std::vector<std::uint32_t> targets_;
  std::vector<std::uint64_t> left_;
};

}  // namespace trafficd::history
