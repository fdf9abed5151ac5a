#pragma once
// Packets of recorded files, one file after the other: pcap and pcapng, compressed by gzip or not, told apart by their
// content. A file that is damaged or no capture at all is told and counted, and reading goes on with the next one.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "byte_source.hpp"
#include "capture_filter.hpp"
#include "record_reader.hpp"

namespace trafficd::pcap_input {

struct FileSettings {
  std::vector<std::string> files;  ///< `-`: standard input
  std::string filter;              ///< in pcap's syntax; empty: everything
  /// Called before each read of what may have to be waited for (a pipe, standard input), with its descriptor, in the
  /// midst of `read`: returns true once that is readable, false to stop. It may do what falls due meanwhile, but not
  /// call the capture. Not called for regular files. Unset: reads block.
  ByteSource::Wait wait{};
};

/// One thread.
class FileCapture {
 public:
  enum class State : std::uint8_t {
    begun,    ///< the next file was opened: ask `file` and `datalink`. No packet was given
    more,     ///< packets may have been given, there may be more
    trouble,  ///< a file was damaged or skipped: `trouble` says which, where and why. Packets may have been given. The
              ///< next call goes on with the next file
    stopped,  ///< `wait` said so. Packets may have been given. No more come until `close`
    ended,    ///< nothing is left
  };
  static constexpr int chunk = 65'536;

  /// Touches nothing.
  explicit FileCapture(FileSettings settings);
  ~FileCapture();
  FileCapture(FileCapture&&) = delete;

  /// Reads at most `most` packets of one file and gives those that the filter lets pass to the handler. The stamps are
  /// in nanoseconds, whatever the file holds: `ts.tv_usec` holds them. The packet's bytes are valid in the handler
  /// only.
  State read(pcap_handler handler, u_char* user, int most = chunk);
  /// Closes what is open and begins anew with the first file at the next `read`; the counters stay.
  void close() noexcept;

  /// The file that is read, as it was given; `standard input` for `-`.
  const std::string& file() const { return name_; }
  /// A DLT_ number that is supported, of the file that is read.
  int datalink() const { return datalink_; }
  const std::string& trouble() const { return trouble_; }

  std::uint64_t damaged_files() const { return damaged_files_; }  ///< read in part
  std::uint64_t skipped_files() const { return skipped_files_; }  ///< not read at all
  /// Taken from the files so far, as they are on disk: compressed ones count compressed.
  std::uint64_t read_bytes() const;
  /// The size of all files together; 0 when it is not known, as that of standard input. Looks at the files.
  std::uint64_t total_bytes() const;

 private:
  State begin_next();
  void begin_records(RecordReader::Form form);
  State skip(std::string_view why);
  State read_records(pcap_handler handler, u_char* user, int most);
  State damage(std::string why, std::int64_t place);
  void end_file() noexcept;

  const FileSettings settings_;
  std::size_t next_ = 0;  // of the files
  std::unique_ptr<ByteSource> source_;
  Handle handle_;                        // reads from the source, so it goes first
  std::optional<RecordReader> records_;  // reads in its place
  std::optional<Filter> filter_;         // for the link type of this file
  std::string name_, trouble_;
  int datalink_ = -1;
  bool classic_ = false;     // not of pcapng
  std::uint64_t bytes_ = 0;  // of the files before
  std::uint64_t damaged_files_ = 0, skipped_files_ = 0;
};

}  // namespace trafficd::pcap_input
