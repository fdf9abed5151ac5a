// Keeps a history in one SQLite file: increases of counters and averages of gauges, per minute and per quarter of an
// hour. Thin glue: core/history knows the tables, and reports read through it too.

#include "history/writer.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

struct TierConfig {
  Duration bucket = std::chrono::minutes(1), keep = std::chrono::hours(24 * 14);
};

struct Config {
  std::string file = "traffic.db";
  std::vector<TierConfig> tiers;
  Duration gap = std::chrono::minutes(5);
};

std::vector<history::Tier> tiers_of(const Config& config) {
  if (config.tiers.empty()) return history::default_tiers();
  std::vector<history::Tier> tiers;
  for (const TierConfig& tier : config.tiers) tiers.push_back({tier.bucket, tier.keep});
  return tiers;
}

Options<Config> options() {
  const auto tier = Options<TierConfig>{}
                        .add("bucket", &TierConfig::bucket, "Width of a bucket; it must divide 15m.")
                        .required()
                        .add("keep", &TierConfig::keep, "How long its rows are kept.")
                        .required();
  return Options<Config>{}
      .add("file", &Config::file, "The history; a relative name stands below the state folder.")
      .unique()
      .check([](const Config& c) { return c.file.empty() ? "needs the name of a file" : ""; })
      .add_list("tiers", &Config::tiers, tier,
                "Buckets from the finest to the coarsest; by default 1m for 2w and 15m for 10y.")
      .not_empty()
      .check([](const Config& c) { return history::check_tiers(tiers_of(c)); })
      .add("gap", &Config::gap, "Traffic of a longer time without samples is marked as estimated.")
      .range(&Config::gap, std::chrono::seconds(1), std::chrono::hours(24));
}

class Sqlite final : public Output {
 public:
  Sqlite(const ConfigNode& node, Host& host) : Sqlite(options().parse(node), host) {}

  static Declarations declare() { return {options().docs(), {}, {}}; }

  Status open() override {
    // What stands below our own folder is ours to make. The history says what is wrong when that does not work.
    std::error_code error;
    if (below_state_) std::filesystem::create_directories(file_.parent_path(), error);
    return writer_.open(host_.clock().now());
  }

  WriteResult write(std::span<const Sample> batch) override {
    WriteResult result = writer_.append(batch, host_.clock().now());
    const history::Tally& tally = writer_.tally();
    if (tally.doubtful > doubtful_) tell_doubtful(tally.doubtful - doubtful_);
    doubtful_.store(tally.doubtful, std::memory_order_relaxed);
    forgotten_.store(tally.forgotten, std::memory_order_relaxed);
    moved_.store(tally.moved, std::memory_order_relaxed);
    if (tally.damaged > damaged_) tell_damaged(tally.damaged - damaged_);
    damaged_.store(tally.damaged, std::memory_order_relaxed);
    lost_pages_.store(tally.lost_pages, std::memory_order_relaxed);
    return result;
  }

  Status idle() override { return writer_.upkeep(host_.clock().now()); }
  void close() noexcept override { writer_.close(); }

 private:
  Sqlite(const Config& config, Host& host)
      : host_(host),
        file_(host.state_folder() / config.file),
        below_state_(std::filesystem::path(config.file).is_relative()),
        writer_({file_, tiers_of(config), config.gap}, host.log()),
        doubtful_(host.meter().counter("doubtful")),
        forgotten_(host.meter().counter("doubtful_forgotten")),
        moved_(host.meter().counter("moved")),
        damaged_(host.meter().counter("damaged_series")),
        lost_pages_(host.meter().counter("damaged_pages")) {}

  void tell_doubtful(std::uint64_t count) {
    doubts_.complain(Level::warning, concat(count, count == 1 ? " step of a counter was" : " steps of counters were",
                                            " doubtful and set aside, neither counted nor dropped: 'trafficd report "
                                            "--doubtful --file ",
                                            file_, "' shows what and why"));
  }

  void tell_damaged(std::uint64_t count) {
    host_.log().error(concat("the marks of ", count, " series in '", file_,
                             "' are damaged: what they carried since their last samples is not counted, and they go on "
                             "from here; look after the disk"));
  }

  Host& host_;
  const std::filesystem::path file_;
  const bool below_state_;
  history::Writer writer_;
  Complaint doubts_{host_.log(), host_.clock()};
  std::atomic<std::uint64_t>&doubtful_, &forgotten_, &moved_, &damaged_, &lost_pages_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_OUTPUT(sqlite, trafficd::Sqlite, "Keeps a history in one SQLite file, for reports.")
