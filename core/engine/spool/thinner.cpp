#include "engine/spool/thinner.hpp"

#include <algorithm>
#include <array>

#include "engine/spool/block.hpp"

namespace trafficd::spool {

namespace {

using namespace std::chrono_literals;

// Each divides the next, so that regular samples are left exactly so far apart.
constexpr std::array<Duration, 10> ladder = {30s, 1min, 5min, 15min, 30min, 1h, 2h, 6h, 12h, 24h};
// What is remembered of lives must not grow with the spool: a run ends where there are so many.
constexpr std::size_t most_lives = 50'000;
// By so much a reading may be late.
constexpr Duration jitter = 1s;

Duration wider(Duration grain) {
  const auto* next = std::ranges::upper_bound(ladder, grain);
  return next == ladder.end() ? ladder.back() : *next;
}

/// Less is not worth writing for: an eighth.
bool worth_it(std::size_t going, std::size_t samples) { return going * 8 >= samples && going > 0; }

Duration apart(Timestamp a, Timestamp b) { return std::chrono::abs(a - b); }

/// On the way to the newest sample of a life: whether `before`, the one before `now`, can go. `kept` is the last one
/// that stays.
bool can_go(Timestamp before, Timestamp now, Timestamp& kept, Duration grain) {
  if (before != kept && apart(now, kept) <= grain + jitter) return true;
  kept = before;
  return false;
}

}  // namespace

/// Decides, from the newest sample of a segment to its oldest, which ones stay.
class Thinner::Rewriting {
 public:
  Rewriting(Thinner& thinner, const Segment& segment, Loaded& loaded)
      : grain_(thinner.run_->grain),
        segment_(segment.first),
        samples_(loaded.samples),
        since_(loaded.since),
        lives_(samples_),
        here_(lives_.count) {
    for (std::size_t i = 0; i < samples_.size(); ++i)
      if (lives_.older[i] == Lives::none) here_[lives_.life[i]].trace = &thinner.lives_[Life(samples_[i])];
  }

  /// Leaves what stays in the samples; answers what went.
  Given run() {
    Given thinned;
    std::vector<bool> gone(samples_.size());
    for (std::size_t i = samples_.size(); i-- > 0;) {
      Here& life = here_[lives_.life[i]];
      gone[i] = !stays(i, life);
      if (gone[i]) {
        thinned.add(samples_[i]);
        if (has_deltas(samples_[i].series->measurement())) add_deltas(samples_[i], samples_[life.newer]);
      } else {
        life.trace->newer = samples_[i].time;
        life.newer = i;
      }
      life.trace->time = samples_[i].time;
    }
    std::size_t i = 0, j = 0;
    std::erase_if(samples_, [&](const Sample&) { return gone[i++]; });
    std::erase_if(since_, [&](Timestamp) { return gone[j++]; });
    return thinned;
  }

 private:
  struct Here {
    Trace* trace = nullptr;
    std::size_t newer = Lives::none;  // the last one in this segment that stays
  };

  /// A sample goes when its neighbours are no more than the grain apart without it. The newest of a life in the run
  /// stays, so that its total survives. So does the oldest: a receiver that never saw this life takes it for its mark.
  /// And the first behind a pause, because what grew since did not grow in the pause; and marks. Of those beside a
  /// fall, and of deltas, which are added to the next sample, the neighbours must be in this segment.
  bool stays(std::size_t i, const Here& life) const {
    const Sample& sample = samples_[i];
    const Trace& trace = *life.trace;
    const std::size_t older = lives_.older[i];
    if (!trace.newer || sample.mark_only) return true;
    // Where the older one is in another segment, it stands as far away as the newer one.
    const Timestamp before = older != Lives::none ? samples_[older].time : sample.time - apart(trace.time, sample.time);
    if (apart(*trace.newer, before) > grain_ + jitter) return true;
    if (sample.epoch == 0 && (near_end(i) || beside_fall(samples_, lives_, i))) return true;
    if (life.newer == Lives::none && has_deltas(sample.series->measurement())) return true;
    return older == Lives::none && (trace.first_segment == segment_ || std::ranges::count(trace.pauses, segment_) > 0);
  }

  /// Whether one of the two neighbours on either side is not in this segment.
  bool near_end(std::size_t i) const {
    const std::size_t older = lives_.older[i], newer = lives_.newer[i];
    return older == Lives::none || newer == Lives::none || lives_.older[older] == Lives::none ||
           lives_.newer[newer] == Lives::none;
  }

  const Duration grain_;
  const std::uint64_t segment_;
  Batch& samples_;
  std::vector<Timestamp>& since_;
  const Lives lives_;
  std::vector<Here> here_;
};

bool Thinner::choose(std::size_t begin) {
  const std::vector<Segment>& list = segments_.list();
  // The newest quarter is left as it is.
  std::size_t end = list.size();
  for (std::uint64_t newest = 0; end > 0 && (end == list.size() || newest < segments_.bytes() / 4); --end)
    newest += list[end - 1].size;
  if (end <= begin) return false;
  std::size_t first = begin;
  for (std::size_t i = begin; i < end; ++i)
    if (segments_.grain(i) < segments_.grain(first)) first = i;
  const Duration grain = segments_.grain(first);
  std::size_t last = first;
  std::uint64_t untried = 0;
  for (; last < end && segments_.grain(last) == grain; ++last)
    if (list[last].first > exhausted_) untried += list[last].size;
  // At the widest grain only what came since the last try can give a little.
  if (grain >= ladder.back() && untried < segments_.bytes() / 8) return false;
  run_ = Run{list[first].first, list[last - 1].last, wider(grain)};
  return true;
}

std::optional<std::size_t> Thinner::next_segment(std::size_t begin) const {
  const std::vector<Segment>& list = segments_.list();
  const auto in_run = [&](const Segment& s) { return s.first >= run_->oldest && s.last <= run_->newest; };
  if (!run_->known) {
    const auto next = std::find_if(list.begin() + static_cast<std::ptrdiff_t>(std::min(begin, list.size())), list.end(),
                                   [&](const Segment& s) { return in_run(s) && s.first > run_->next; });
    return next == list.end() ? std::nullopt : std::optional(static_cast<std::size_t>(next - list.begin()));
  }
  for (std::size_t i = list.size(); i-- > begin;)
    if (in_run(list[i]) && list[i].last < run_->next) return i;
  return std::nullopt;
}

Result<Thinner::Loaded> Thinner::load(std::size_t index, const Position& position, bool last_time) {
  const Segment& segment = segments_.list()[index];
  const auto bytes = segments_.read(segment);
  if (!bytes) return Error{bytes.error()};
  Loaded loaded;
  Batch& samples = loaded.samples;
  Scanner scanner(*bytes);
  for (auto piece = scanner.next(); piece; piece = scanner.next()) {
    if (piece->whole && piece->info.done) continue;
    const bool delivered = index == 0 && piece->offset < position.offset;  // or known to be damaged
    const std::optional<std::string> lines = piece->whole ? unpack(*piece) : std::nullopt;
    if (!lines) {
      if (last_time && !delivered) losses_.damaged(segments_.path(segment), piece->offset, *piece);
      continue;
    }
    if (delivered) continue;
    const std::size_t before = samples.size();
    const std::size_t bad = lines_.read(*lines, samples);
    if (bad > 0 && last_time) losses_.unreadable(segments_.path(segment), piece->offset, bad, piece->info);
    if (index == 0 && piece->offset == position.offset) {
      const auto from = samples.begin() + static_cast<std::ptrdiff_t>(before);
      samples.erase(from, from + static_cast<std::ptrdiff_t>(std::min(position.delivered, samples.size() - before)));
    }
    loaded.since.resize(samples.size(), piece->info.since);
  }
  return loaded;
}

void Thinner::look_through(const Segment& segment, const Batch& samples) {
  run_->next = segment.first;
  for (const Sample& sample : samples) {
    const auto [known, first] = lives_.try_emplace(Life(sample));
    Trace& life = known->second;
    ++run_->samples;
    if (first) {
      life.first_segment = life.segment = segment.first;
      life.time = life.kept = life.kept_at_widest = sample.time;
      continue;
    }
    run_->going += can_go(life.time, sample.time, life.kept, run_->grain) ? 1 : 0;
    run_->going_at_widest += can_go(life.time, sample.time, life.kept_at_widest, ladder.back()) ? 1 : 0;
    const Duration pause = apart(sample.time, life.time);
    // Only a sample with a near one behind it can go at all.
    if (life.after_pause && pause <= run_->grain) life.pauses.push_back(life.segment);
    life.after_pause = pause > run_->grain + jitter && life.segment != segment.first;
    life.segment = segment.first;
    life.time = sample.time;
  }
  if (lives_.size() >= most_lives) run_->newest = segment.last;
}

void Thinner::end_look() {
  if (worth_it(run_->going, run_->samples)) {
    run_->known = true;
    run_->next = run_->newest + 1;
    return;
  }
  pass_over_run();
  run_.reset();
  lives_.clear();
}

/// Nothing to gain: the segments count as thinned, though they are not written for it, and so join their neighbours.
/// Where no grain would do they are not looked at again before they have joined one.
void Thinner::pass_over_run() {
  const std::vector<Segment>& list = segments_.list();
  std::size_t first = 0, end = list.size();
  while (first < end && list[first].first < run_->oldest) ++first;
  while (end > first && list[end - 1].last > run_->newest) --end;
  Duration grain = run_->grain;
  if (!worth_it(run_->going_at_widest, run_->samples)) {
    grain = ladder.back();
    if (first > 0 && segments_.grain(first - 1) >= run_->grain) grain = std::min(grain, segments_.grain(first - 1));
    if (end < list.size() && segments_.grain(end) >= run_->grain) grain = std::min(grain, segments_.grain(end));
  }
  if (grain >= ladder.back()) exhausted_ = run_->newest;
  for (std::size_t i = first; i < end; ++i) segments_.set_grain(i, grain);
}

Status Thinner::settle(Position& position) {
  if (unit_.newest == 0) return Status::ok();
  const std::vector<Segment>& list = segments_.list();
  std::size_t first = 0;
  while (list[first].first != unit_.oldest) ++first;
  std::size_t last = first;
  while (list[last].last != unit_.newest) ++last;
  const Status status = segments_.replace(first, last, unit_.blocks, run_->grain);
  if (!status) {
    abandon();
    return status;
  }
  if (first == 0) position = {};
  losses_.thinned(unit_.thinned);
  unit_ = {};
  return Status::ok();
}

void Thinner::abandon() {
  run_.reset();
  lives_.clear();
  unit_ = {};
}

Status Thinner::write(const Segment& segment, Loaded& loaded, Position& position) {
  const Given thinned = Rewriting(*this, segment, loaded).run();
  std::string blocks;
  Packer packer(sizes_.block, run_->grain, Packer::Effort::more);
  for (std::size_t i = 0; i < loaded.samples.size(); ++i) packer.add(loaded.samples[i], loaded.since[i], blocks);
  packer.finish(blocks);
  if (unit_.blocks.size() + blocks.size() > sizes_.segment)
    if (const Status status = settle(position); !status) return status;
  unit_.oldest = segment.first;
  if (unit_.newest == 0) unit_.newest = segment.last;
  unit_.blocks.insert(0, blocks);
  unit_.thinned.add(thinned);
  run_->next = segment.first;
  return Status::ok();
}

Result<bool> Thinner::step(Position& position, bool keep_oldest) {
  const std::size_t begin = keep_oldest ? 1 : 0;
  if (!run_ && !choose(begin)) return false;
  const auto index = next_segment(begin);
  if (!index && !run_->known) return end_look(), true;
  Status status = Status::ok();
  if (!index) {
    status = settle(position);
    abandon();
  } else {
    const Segment segment = segments_.list()[*index];
    auto loaded = load(*index, position, run_->known);
    if (!loaded) return Error{loaded.error()};
    if (run_->known)
      status = write(segment, *loaded, position);
    else
      look_through(segment, loaded->samples);
  }
  if (!status) return Error{status.message()};
  return true;
}

}  // namespace trafficd::spool
