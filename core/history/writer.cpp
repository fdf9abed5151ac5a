#include "history/writer.hpp"

#include "history/session.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

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
      if (!session_) session_ = std::make_unique<Session>(settings_, now);
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
