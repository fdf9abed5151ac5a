#include "engine/spool/losses.hpp"

#include "trafficd/calendar.hpp"
#include "trafficd/units.hpp"

namespace trafficd::spool {

Losses::Losses(InstanceMeter& meter, Logger& log, Clock& clock)
    : meter_(meter),
      damaged_blocks_(meter.counter("spool_damaged")),
      damage_(log, clock),
      full_(log, clock),
      age_(log, clock) {}

void Losses::lose(const char* reason, const Given& given) {
  meter_.lose(reason, given.samples, given.first, given.last);
}

void Losses::full(const Given& given) {
  lose("spool_full", given);
  full_.complain(Level::error, concat("the spool is full and cannot be thinned further: the oldest ", given.samples,
                                      " samples are lost; give it a bigger 'max_size', or mend the output"));
}

void Losses::expired(const Given& given) {
  if (given.samples == 0) return;
  lose("spool_expired", given);
  age_.complain(Level::warning,
                concat(given.samples, " samples from ", format_utc(given.first), " to ", format_utc(given.last),
                       " waited in the spool for longer than 'max_age' and are ",
                       "dropped; give it a longer one, or mend the output"));
}

void Losses::damaged(const std::filesystem::path& file, std::uint64_t offset, const Piece& piece) {
  damaged_blocks_.fetch_add(1, std::memory_order_relaxed);
  lose("spool_damaged", {piece.info.samples, piece.info.first, piece.info.last});
  const std::string samples = piece.info.samples == 0 ? "" : concat(" (", piece.info.samples, " samples)");
  damage_.complain(Level::error,
                   concat("the spool is damaged: ", piece.size, " bytes", samples, " at byte ", offset, " of ", file,
                          " are lost; what is whole before and behind them is delivered. Check the disk"));
}

void Losses::unreadable(const std::filesystem::path& file, std::uint64_t offset, std::size_t lines,
                        const BlockInfo& block) {
  damaged_blocks_.fetch_add(1, std::memory_order_relaxed);
  lose("spool_damaged", {lines, block.first, block.last});
  damage_.complain(Level::error, concat("the spool is damaged: ", lines, " lines of the block at byte ", offset, " of ",
                                        file, " are no samples; the rest is delivered"));
}

}  // namespace trafficd::spool
