#pragma once
// What the files say, put together: who is called how, by MAC or by address. Read again as the files change.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
#include "parsers.hpp"
#include "watched_file.hpp"

namespace trafficd::names {

struct Name {
  std::string_view text;    ///< holds until the next `refresh`
  std::string_view source;  ///< `file`, `ethers`, `dnsmasq`, `hosts`, `dns`; empty: no name
};

class Knowledge {
 public:
  /// `named` tells which options the user gave: a file that was named must be there.
  Knowledge(const Config& config, Host& host, const ConfigNode& named);

  /// Reads what has changed. What cannot be used is counted and told.
  void refresh();
  void clear();

  /// Devices that the files name or give an address, the most trusted file first; one may come several times.
  std::vector<Entry> devices() const;
  /// The best name, from the most trusted source to the least.
  Name name_of(const std::optional<Mac>& mac, const std::vector<Address>& addresses) const;

 private:
  struct File {
    std::string_view source;
    Parsed (*parse)(std::string_view, std::size_t);
    WatchedFile watched;
    std::size_t most;
    bool wanted;  // it is to be read
    bool named;   // by the user, so it must be there
    Complaint trouble;
    std::vector<Entry> entries;         // those with a MAC, or named by the user
    std::map<Mac, std::string> by_mac;  // names
    std::map<Address, std::string> by_address{};
  };
  void add(std::string_view option, std::string_view source, const std::string& path,
           Parsed (*parse)(std::string_view, std::size_t), std::size_t most, const ConfigNode& named);
  void read(File& file);
  std::string look_at(const File& file, const WatchedFile::Content& content, const Parsed& parsed);

  const Config& config_;
  Host& host_;
  std::vector<File> files_;
  std::atomic<std::uint64_t>&bad_lines_, &left_out_;
};

}  // namespace trafficd::names
