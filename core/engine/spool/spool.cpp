#include "engine/spool/spool.hpp"

#include <algorithm>
#include <utility>

#include "engine/spool/block.hpp"

namespace trafficd {

using namespace std::chrono_literals;
using spool::Piece;
using spool::Segment;

namespace {

constexpr std::uint64_t most_segment = 256 * 1024, most_block = 64 * 1024;

spool::Sizes sizes_of(const SpoolSettings& settings) {
  const std::uint64_t segment = std::min(most_segment, settings.max_size.bytes / 16);
  return {segment, std::min(most_block, segment / 2)};
}

}  // namespace

/// One append: packs samples and writes the blocks as soon as they are a quarter of a segment, so that few writes fill
/// a segment well.
class Spool::Writing {
 public:
  explicit Writing(Spool& spool)
      : spool_(spool), packer_(spool.sizes_.block, Duration::zero(), spool::Packer::Effort::little) {}

  Status add(const Sample& sample) {
    ++packed_;
    if (!packer_.add(sample, now_, blocks_)) return Status::ok();
    end_block();
    return blocks_.size() * 4 < spool_.sizes_.segment ? Status::ok() : write();
  }
  Status finish() {
    packer_.finish(blocks_);
    if (packed_ > written_ + in_blocks_) end_block();
    return blocks_.empty() ? Status::ok() : write();
  }

  std::size_t written() const { return written_; }
  /// The blocks that lie in the first segment. The spool was empty.
  std::deque<Reading> in_first_segment() const {
    if (spool_.reshaped_) return {};
    return {all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(in_first_)};
  }

 private:
  void end_block() {
    const std::uint64_t begin = all_.empty() ? 0 : all_.back().end, samples = packed_ - written_ - in_blocks_;
    all_.push_back({begin, offset_ + blocks_.size(), samples, 0, {}});
    in_blocks_ += samples;
  }
  Status write() {
    Status status = spool_.make_room(blocks_.size());
    if (status) status = spool_.segments_.append(blocks_);
    if (!status) return status;
    if (spool_.segments_.list().size() == 1) in_first_ = all_.size();
    offset_ += blocks_.size();
    written_ += in_blocks_;
    in_blocks_ = 0;
    blocks_.clear();
    if (spool_.segments_.unsynced()) spool_.sync_due_ = std::max(spool_.clock_.steady(), spool_.last_sync_ + 1s);
    return status;
  }

  Spool& spool_;
  const Timestamp now_ = spool_.clock_.now();
  spool::Packer packer_;
  std::string blocks_;
  std::uint64_t offset_ = 0;  // what was written
  std::size_t packed_ = 0, in_blocks_ = 0, written_ = 0;
  std::deque<Reading> all_;
  std::size_t in_first_ = 0;
};

Spool::Spool(std::filesystem::path folder, const SpoolSettings& settings, InstanceMeter& meter, Logger& log,
             Clock& clock)
    : settings_(settings),
      clock_(clock),
      log_(log),
      sizes_(sizes_of(settings)),
      segments_(std::move(folder), sizes_.segment),
      losses_(meter, log, clock),
      thinner_(segments_, lines_, losses_, sizes_),
      bytes_gauge_(meter.gauge("spool_bytes")),
      unusable_(log, clock),
      unsynced_(log, clock),
      stuck_(log, clock),
      unmarked_(log, clock) {}

Status Spool::open() {
  if (opened_) return Status::ok();
  if (Status status = segments_.open(); !status) {
    unusable_.complain(Level::error, concat(status.message(), "; what it holds waits, and nothing is added"));
    return status;
  }
  opened_ = true;
  if (segments_.oversized() > 0)
    log_.error(concat(segments_.oversized(),
                      " files of the spool had a size that none of ours can have; they were renamed "
                      "to '….damaged' and are not delivered"));
  unusable_.resolve("the spool can be read again");
  if (!segments_.list().empty())
    log_.info(concat("the spool holds ", human_bytes(static_cast<double>(segments_.bytes())), " from before"));
  bytes_gauge_ = static_cast<std::int64_t>(segments_.bytes());
  return Status::ok();
}

bool Spool::empty() {
  const Status status = open();
  return !status || segments_.list().empty();
}

/// A segment that is written anew stands there twice for a moment.
std::uint64_t Spool::limit() const {
  std::uint64_t biggest = sizes_.segment;
  for (const Segment& segment : segments_.list()) biggest = std::max(biggest, segment.size);
  return settings_.max_size.bytes - std::min(biggest, settings_.max_size.bytes);
}

Status Spool::make_room(std::uint64_t more) {
  const auto fits = [&] { return segments_.bytes() + more <= limit(); };
  if (fits()) return Status::ok();
  if (!held_) reading_.clear();
  fresh_.reset();
  reshaped_ = true;
  // A quarter is freed, so that the next append need not do it all again.
  while (segments_.bytes() + more > settings_.max_size.bytes / 4 * 3) {
    const SteadyTime deadline{Duration(deadline_.load())};
    if (deadline != SteadyTime::max() && fits()) break;
    if (clock_.steady() >= deadline) {
      thinner_.abandon();
      drop_oldest();
      continue;
    }
    const auto stepped = thinner_.step(position_, !reading_.empty());
    if (!stepped) {
      thinner_.abandon();
      return Status::retry(stepped.error());
    }
    if (*stepped) continue;
    if (fits()) break;
    drop_oldest();
  }
  return thinner_.settle(position_);
}

Status Spool::shrink(bool held) {
  held_ = held;
  const Status status = make_room(0);
  held_ = false;
  bytes_gauge_ = static_cast<std::int64_t>(segments_.bytes());
  return status;
}

void Spool::drop_oldest() {
  reading_.clear();
  const Segment& oldest = segments_.list().front();
  Given given;
  if (const auto bytes = segments_.read(oldest, position_.offset)) {
    spool::Scanner scanner(*bytes);
    for (auto piece = scanner.next(); piece; piece = scanner.next()) {
      const spool::BlockInfo& info = piece->info;
      if (!piece->whole) losses_.damaged(segments_.path(oldest), position_.offset + piece->offset, *piece);
      if (!piece->whole || info.done) continue;
      const std::size_t delivered = std::min<std::size_t>(std::exchange(position_.delivered, 0), info.samples);
      given.add({info.samples - delivered, info.first, info.last});
    }
  }
  losses_.full(given);
  finish_segment();
}

Spool::Appended Spool::append(std::span<const Item> items, std::size_t skip, bool held) {
  if (Status status = open(); !status) return {0, std::move(status)};
  const bool was_empty = segments_.list().empty();
  if (!held) reading_.clear();
  fresh_.reset();
  held_ = held;
  reshaped_ = false;
  Writing writing(*this);
  Status status = Status::ok();
  std::size_t passed = 0;
  for (const Item& item : items)
    for (const Sample& sample : *item) {
      if (passed++ < skip || !status) continue;
      lines_.learn(sample.series->measurement_ptr());
      status = writing.add(sample);
    }
  if (status) status = writing.finish();
  bytes_gauge_ = static_cast<std::int64_t>(segments_.bytes());
  held_ = false;
  if (was_empty && held)
    reading_ = writing.in_first_segment();
  else if (was_empty && status && settings_.mode == SpoolSettings::Mode::always)
    if (auto blocks = writing.in_first_segment(); !blocks.empty())
      fresh_ = Fresh{{items.begin(), items.end()}, skip, std::move(blocks)};
  return {writing.written(), std::move(status)};
}

Spool::Item Spool::take_fresh() {
  const Fresh fresh = std::move(*fresh_);
  fresh_.reset();
  reading_ = fresh.blocks;
  std::size_t wanted = 0;
  for (const Reading& block : reading_) wanted += block.samples;
  if (fresh.skip == 0 && fresh.items.front()->size() == wanted) return fresh.items.front();
  auto joined = std::make_shared<Batch>();
  joined->reserve(wanted);
  std::size_t passed = 0;
  for (const Item& item : fresh.items)
    for (const Sample& sample : *item)
      if (passed++ >= fresh.skip && joined->size() < wanted) joined->push_back(sample);
  return joined;
}

Result<Spool::Item> Spool::front(std::size_t most) {
  auto batch = std::make_shared<Batch>();
  if (empty()) return Item(batch);
  if (fresh_) return take_fresh();
  reading_.clear();
  while (!segments_.list().empty() && batch->empty()) {
    const auto bytes = segments_.read(segments_.list().front(), position_.offset);
    if (!bytes) return Error{bytes.error()};
    read_blocks(*bytes, most, *batch);
    if (batch->empty()) finish_segment();
  }
  losses_.expired(std::exchange(expired_, {}));
  return Item(batch);
}

/// By the time that it waits: the samples of a recording are old when they come.
bool Spool::expired(const spool::BlockInfo& block) const {
  return settings_.max_age > Duration::zero() && block.since < clock_.now() - settings_.max_age;
}

/// What is not to be delivered and stands before all that is: moves the position behind it.
void Spool::pass_over(const Piece& piece, std::uint64_t offset) {
  const std::size_t delivered = offset == position_.offset ? position_.delivered : 0;
  if (!piece.whole) {
    losses_.damaged(segments_.path(segments_.list().front()), offset, piece);
  } else if (!piece.info.done) {
    expired_.add(Given{piece.info.samples - std::min<std::size_t>(piece.info.samples, delivered), piece.info.first,
                       piece.info.last});
    mark_done(offset);
  }
  position_ = {offset + piece.size, 0};
}

/// Reads on from the position, within the oldest segment, until there is enough or something must be passed over.
void Spool::read_blocks(std::string_view bytes, std::size_t most, Batch& batch) {
  const std::uint64_t begin = position_.offset;
  spool::Scanner scanner(bytes);
  while (batch.size() < most) {
    auto piece = scanner.next();
    if (!piece) return;
    const std::uint64_t offset = begin + piece->offset;
    const bool wanted = piece->whole && !piece->info.done && !expired(piece->info);
    const std::optional<std::string> lines = wanted ? spool::unpack(*piece) : std::nullopt;
    if (!lines) {
      if (!batch.empty()) return;
      piece->whole = piece->whole && !wanted;
      pass_over(*piece, offset);
      continue;
    }
    Reading block{offset, begin + piece->end(), 0, 0, piece->info};
    Batch samples;
    block.unreadable = lines_.read(*lines, samples);
    const std::size_t delivered = offset == position_.offset ? std::min(position_.delivered, samples.size()) : 0;
    block.samples = samples.size() - delivered;
    if (block.samples == 0) {
      if (!batch.empty()) return;
      finish_block(block);
      continue;
    }
    batch.insert(batch.end(), std::make_move_iterator(samples.begin() + static_cast<std::ptrdiff_t>(delivered)),
                 std::make_move_iterator(samples.end()));
    reading_.push_back(std::move(block));
  }
}

void Spool::finish_block(const Reading& block) {
  if (block.unreadable > 0)
    losses_.unreadable(segments_.path(segments_.list().front()), block.offset, block.unreadable, block.info);
  position_ = {block.end, 0};
  // The last one goes with its file.
  if (block.end >= segments_.list().front().size) return;
  mark_done(block.offset);
}

void Spool::mark_done(std::uint64_t offset) {
  if (const Status status = segments_.mark_done(offset); !status)
    unmarked_.complain(Level::warning, concat(status.message(), "; a kill now would deliver a part again"));
  else
    unmarked_.resolve("delivered parts of the spool can be marked again");
}

void Spool::finish_segment() {
  if (const Status removed = segments_.remove_oldest(); !removed)
    stuck_.complain(Level::error, concat(removed.message(), "; what it holds is delivered again at the next start"));
  else
    stuck_.resolve("delivered files can be removed again");
  position_ = {};
  bytes_gauge_ = static_cast<std::int64_t>(segments_.bytes());
  if (!segments_.unsynced()) sync_due_.reset();
}

void Spool::advance(std::size_t samples) {
  fresh_.reset();
  while (samples > 0 && !reading_.empty()) {
    Reading& block = reading_.front();
    const std::size_t taken = std::min(samples, block.samples);
    if (position_.offset != block.offset) position_ = {block.offset, 0};
    position_.delivered += taken;
    block.samples -= taken;
    samples -= taken;
    if (block.samples > 0) return;
    finish_block(block);
    reading_.pop_front();
  }
  if (!segments_.list().empty() && position_.offset >= segments_.list().front().size) finish_segment();
}

void Spool::sync() {
  if (!sync_due_) return;
  sync_due_.reset();
  last_sync_ = clock_.steady();
  const Status status = segments_.sync();
  if (status)
    unsynced_.resolve("the spool is safe on the disk again");
  else
    unsynced_.complain(Level::warning, concat(status.message(), "; a power cut now would lose a part"));
}

}  // namespace trafficd
