#include "knowledge.hpp"

#include <utility>

namespace trafficd::names {

namespace {

constexpr std::size_t most_hosts = 65'536;

}  // namespace

Knowledge::Knowledge(const Config& config, Host& host, const ConfigNode& named)
    : config_(config),
      host_(host),
      bad_lines_(host.meter().counter("bad_lines")),
      left_out_(host.meter().counter("entries_left_out")) {
  const auto most = static_cast<std::size_t>(config.max_devices);
  files_.reserve(4);
  add("file", "file", config.file, parse_own, most, named);
  add("ethers", "ethers", config.ethers, parse_ethers, most, named);
  add("leases", "dnsmasq", config.leases, parse_leases, most, named);
  add("hosts", "hosts", config.hosts, parse_hosts, most_hosts, named);
}

void Knowledge::add(std::string_view option, std::string_view source, const std::string& path,
                    Parsed (*parse)(std::string_view, std::size_t), std::size_t most, const ConfigNode& named) {
  const std::filesystem::path whole =
      path.starts_with('/') ? std::filesystem::path(config_.root + path) : host_.state_folder() / path;
  files_.push_back({.source = source,
                    .parse = parse,
                    .watched = WatchedFile(whole),
                    .most = most,
                    .wanted = !path.empty(),
                    .named = named.find(option) != nullptr,
                    .trouble = Complaint(host_.log(), host_.clock()),
                    .entries = {},
                    .by_mac = {}});
}

void Knowledge::refresh() {
  for (File& file : files_)
    if (file.wanted && file.watched.changed()) read(file);
}

void Knowledge::clear() {
  for (File& file : files_) {
    file.watched = WatchedFile(file.watched.path());
    file.entries = {};
    file.by_mac = {};
    file.by_address = {};
  }
}

void Knowledge::read(File& file) {
  const WatchedFile::Content content = file.watched.read();
  Parsed parsed = file.parse(content.text, file.most);
  file.entries.clear();
  file.by_mac.clear();
  file.by_address.clear();
  for (Entry& entry : parsed.entries) {
    // A lease names the device whose address it is; of hosts and IPv6 only the address is known.
    if (!entry.name.empty() && entry.mac) file.by_mac.try_emplace(*entry.mac, entry.name);
    if (!entry.name.empty() && !entry.mac) file.by_address.try_emplace(*entry.address, entry.name);
    if (entry.mac || file.source == "file") file.entries.push_back(std::move(entry));
  }
  if (const std::string trouble = look_at(file, content, parsed); trouble.empty())
    file.trouble.resolve(concat("'", file.watched.path(), "' is read as it should be"));
  else
    file.trouble.complain(Level::warning, concat("'", file.watched.path(), "': ", trouble));
}

std::string Knowledge::look_at(const File& file, const WatchedFile::Content& content, const Parsed& parsed) {
  bad_lines_.fetch_add(parsed.bad_lines, std::memory_order_relaxed);
  left_out_.fetch_add(parsed.left_out, std::memory_order_relaxed);
  if (content.missing) return file.named ? "there is no such file" : "";
  if (!content.error.empty()) return concat("cannot be read: ", content.error);
  if (content.too_large) return concat("only the first ", format_size({WatchedFile::most_bytes}), " are read");
  if (parsed.left_out > 0) return concat(parsed.left_out, " lines beyond the first ", file.most, " are left out");
  if (parsed.bad_lines > 0)
    return concat("line ", parsed.first_bad, " cannot be used", parsed.bad_lines > 1 ? ", nor can " : "",
                  parsed.bad_lines > 1 ? concat(parsed.bad_lines - 1, " more") : "");
  return "";
}

std::vector<Entry> Knowledge::devices() const {
  std::vector<Entry> all;
  for (const File& file : files_) all.insert(all.end(), file.entries.begin(), file.entries.end());
  return all;
}

Name Knowledge::name_of(const std::optional<Mac>& mac, const std::vector<Address>& addresses) const {
  for (const File& file : files_) {
    if (mac)
      if (const auto found = file.by_mac.find(*mac); found != file.by_mac.end()) return {found->second, file.source};
    for (const Address& address : addresses)
      if (const auto found = file.by_address.find(address); found != file.by_address.end())
        return {found->second, file.source};
  }
  return {};
}

}  // namespace trafficd::names
