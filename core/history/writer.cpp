#include "history/writer.hpp"

#include "history/session.hpp"
#include "trafficd/calendar.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

/// SQLite would go on with a log that is not whole and say nothing. Answers what is lost; throws where the file cannot
/// be gone on with.
std::optional<LogCheck> mend_log(const std::filesystem::path& file) {
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown)) {
    if (std::filesystem::exists(beside(file, "-wal"), unknown))
      throw DatabaseError(DatabaseError::Kind::damaged, concat("'", file, "' is not there, but its log is"));
    remove_log_end(file);
    return {};
  }
  const LogCheck log = check_log(file, application_id);
  switch (log.state) {
    case LogCheck::State::outdated:
      if (drop_log(file)) return log.lost > 0 ? std::optional(log) : std::nullopt;
      throw DatabaseError(DatabaseError::Kind::readonly, concat("could not remove the log of '", file,
                                                                "', which is not whole; let this user write there"));
    case LogCheck::State::shorter: return log;
    case LogCheck::State::mixed:
      throw DatabaseError(DatabaseError::Kind::damaged,
                          concat("the log of '", file, "' is cut short, and the file has half of what it held"));
    case LogCheck::State::file_cut:
      throw DatabaseError(DatabaseError::Kind::damaged, concat("'", file, "' is cut off"));
    case LogCheck::State::whole: break;
  }
  return {};
}

}  // namespace

Writer::Writer(Settings settings, Logger& log) : settings_(std::move(settings)), log_(log) {}
Writer::~Writer() { close(); }

/// Runs the work on an open file. Whatever fails, the session goes: what it holds in memory may be ahead of the file.
/// A damaged file is set aside and the work done once more, on a fresh one.
template <class Work>
Status Writer::guarded(Timestamp now, const Work& work) {
  if (session_ && session_->file_gone()) {
    session_->abandon_log();
    session_.reset();
  }
  for (bool again = false;; again = true) {
    try {
      if (!session_) begin_session(now);
      work(*session_);
      return Status::ok();
    } catch (const Refusal& e) {
      session_.reset();
      return Status::fatal(e.what());
    } catch (const DatabaseError& e) {
      session_.reset();
      if (e.kind() != DatabaseError::Kind::damaged || again) return Status::retry(e.what());
      if (Status aside = put_aside(e.what(), now); !aside) return aside;
    }
  }
}

void Writer::begin_session(Timestamp now) {
  std::error_code unknown;
  const bool killed = std::filesystem::exists(beside(settings_.file, "-wal"), unknown);
  // A failure before the file is open must not swallow it.
  if (const std::optional<LogCheck> lost = mend_log(settings_.file)) lost_ = lost;
  session_ = std::make_unique<Session>(settings_, now);
  if (lost_ && lost_->state == LogCheck::State::shorter) session_->log_ends_at(lost_->left);
  if (killed) session_->take_over_log();
  if (!lost_) return;
  tally_.lost_pages += lost_->lost;
  log_.error(concat("the log of '", settings_.file, "' is cut short or damaged, and ", lost_->lost, " of its ",
                    lost_->pages, " pages are lost: of what was written since ",
                    format_utc(Timestamp{std::chrono::seconds{lost_->since}}),
                    " some is missing, but for counters whose sources still know it; what was first seen there begins "
                    "anew; look after the disk"));
  lost_.reset();
}

Status Writer::put_aside(const std::string& reason, Timestamp now) {
  if (is_text(settings_.file))
    return Status::fatal(concat("'", settings_.file, "' is not a history of trafficd but a text; choose another file"));
  try {
    const std::filesystem::path name = set_aside(settings_.file, now);
    log_.error(concat("the history is damaged: ", reason, "; it was set aside as '", name,
                      "' and a fresh one begun; 'sqlite3 FILE .recover' may read what is left of it"));
    return Status::ok();
  } catch (const DatabaseError& e) {
    return Status::retry(e.what());
  }
}

Status Writer::open(Timestamp now) {
  return guarded(now, [](Session&) {});
}

WriteResult Writer::append(std::span<const Sample> batch, Timestamp now) {
  WriteResult result;
  Status status = guarded(now, [&](Session& session) { result = session.append(batch, now, tally_); });
  return status ? result : WriteResult::failed(std::move(status));
}

Status Writer::upkeep(Timestamp now) {
  return guarded(now, [&](Session& session) { session.upkeep(now); });
}

void Writer::close() noexcept {
  if (session_) session_->settle();
  session_.reset();
}

}  // namespace trafficd::history
