#include "resolver.hpp"

#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "parsers.hpp"
#include "trafficd/units.hpp"

// Newer versions of c-ares want other calls for the same, which those of Debian 12 do not have.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace trafficd::names {

using namespace std::chrono_literals;

namespace {

constexpr Duration fresh_name = 1h, fresh_nothing = 10min, fresh_silence = 1min, remembered = 2h;
constexpr int class_internet = 1, type_ptr = 12;

/// `20.1.168.192.in-addr.arpa`; of IPv6 each half byte.
std::string reverse_name(const Address& address) {
  std::string name;
  for (std::size_t i = address.ipv6 ? 16 : 4; i-- > 0;) {
    const unsigned byte = address.bytes[i];
    constexpr std::string_view digits = "0123456789abcdef";
    if (address.ipv6)
      name += {digits[byte & 15], '.', digits[byte >> 4], '.'};
    else
      name += concat(byte, '.');
  }
  return name + (address.ipv6 ? "ip6.arpa" : "in-addr.arpa");
}

}  // namespace

struct Resolver::Question {
  Resolver* resolver;
  Address address;
};

Resolver::Resolver(Host& host)
    : host_(host),
      failing_(host.log(), host.clock()),
      asked_(host.meter().counter("dns_questions")),
      answered_(host.meter().counter("dns_answers")),
      failed_(host.meter().counter("dns_failures")),
      bad_names_(host.meter().counter("bad_names")),
      left_out_(host.meter().counter("dns_left_out")) {}

Status Resolver::open(const std::vector<std::string>& servers, std::chrono::milliseconds timeout) {
  static const int ready = ares_library_init(ARES_LIB_INIT_ALL);
  ares_options options{};
  options.flags = ARES_FLAG_IGNTC;  // a name that needs more than a datagram is none
  options.timeout = static_cast<int>(timeout.count());
  options.tries = 2;
  std::string lookups = "b";  // DNS alone: the hosts file is a source of its own
  options.lookups = lookups.data();
  options.sock_state_cb = on_socket;
  options.sock_state_cb_data = this;
  int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
  options.qcache_max_ttl = 0;  // newer versions have a cache by default; what is remembered, and how long, is told here
  given |= ARES_OPT_QUERY_CACHE;
#endif
  int error = ready;
  if (error == ARES_SUCCESS) error = ares_init_options(&channel_, &options, given);
  if (error != ARES_SUCCESS) channel_ = nullptr;
  // c-ares does not know every form that people write.
  std::string list;
  for (const std::string& server : servers) list += (list.empty() ? "" : ",") + parse_server(server).value_or(server);
  if (error == ARES_SUCCESS && !list.empty()) error = ares_set_servers_ports_csv(channel_, list.c_str());
  if (error == ARES_SUCCESS) return Status::ok();
  close();
  return Status::retry(concat("cannot prepare reverse DNS: ", ares_strerror(error),
                              "; no names come from it: look at 'dns_servers' and /etc/resolv.conf"));
}

void Resolver::close() {
  if (channel_ != nullptr) ares_destroy(channel_);  // calls back for what is under way
  channel_ = nullptr;
  sockets_.clear();
  entries_.clear();
  under_way_ = 0;
}

void Resolver::on_socket(void* resolver, ares_socket_t socket, int readable, int writable) {
  auto& sockets = static_cast<Resolver*>(resolver)->sockets_;
  if (readable != 0 || writable != 0)
    sockets[socket] = writable != 0;
  else
    sockets.erase(socket);
}

std::vector<int> Resolver::descriptors() const {
  std::vector<int> all;
  for (const auto& [socket, writes] : sockets_) all.push_back(socket);
  return all;
}

void Resolver::process() {
  if (channel_ == nullptr) return;
  std::vector<pollfd> waiting;
  for (const auto& [socket, writes] : sockets_)
    waiting.push_back({socket, static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0});
  if (::poll(waiting.data(), waiting.size(), 0) > 0)
    for (const pollfd& each : waiting) {
      if (each.revents == 0 || !sockets_.contains(each.fd)) continue;
      const bool reads = (each.revents & ~POLLOUT) != 0, writes = (each.revents & POLLOUT) != 0;
      ares_process_fd(channel_, reads ? each.fd : ARES_SOCKET_BAD, writes ? each.fd : ARES_SOCKET_BAD);
    }
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  const SteadyTime now = host_.clock().steady();
  std::erase_if(entries_,
                [&](const auto& item) { return !item.second.under_way && now - item.second.asked_for >= remembered; });
}

std::string_view Resolver::name_of(const Address& address) {
  if (channel_ == nullptr || !address.tells()) return {};
  auto found = entries_.find(address);
  if (found == entries_.end()) {
    if (entries_.size() >= most_remembered) {
      left_out_.fetch_add(1, std::memory_order_relaxed);
      return {};
    }
    found = entries_.try_emplace(address).first;
  }
  Entry& entry = found->second;
  const SteadyTime now = host_.clock().steady();
  entry.asked_for = now;
  entry.due = !entry.under_way && now >= entry.fresh_until;
  return entry.name;
}

void Resolver::ask_due() {
  using Item = std::map<Address, Entry>::value_type;
  std::vector<Item*> due;
  for (Item& item : entries_)
    if (std::exchange(item.second.due, false)) due.push_back(&item);
  std::ranges::stable_sort(due, {}, [](const Item* item) { return item->second.fresh_until; });
  for (Item* item : due) {
    if (under_way_ >= most_under_way) return;
    ask(item->first, item->second);
  }
}

void Resolver::ask(const Address& address, Entry& entry) {
  asked_.fetch_add(1, std::memory_order_relaxed);
  entry.under_way = true;
  ++under_way_;
  // It may call back at once; either way the answer owns the question.
  ares_query(channel_, reverse_name(address).c_str(), class_internet, type_ptr, on_answer,
             std::make_unique<Question>(Question{this, address}).release());
}

void Resolver::on_answer(void* question, int status, int, unsigned char* answer, int size) {
  const std::unique_ptr<Question> owned(static_cast<Question*>(question));
  hostent* found = nullptr;
  if (status == ARES_SUCCESS) status = ares_parse_ptr_reply(answer, size, nullptr, 0, AF_INET, &found);
  const std::unique_ptr<hostent, decltype(&ares_free_hostent)> host(found, ares_free_hostent);
  owned->resolver->take(owned->address, status, host && host->h_name != nullptr ? host->h_name : "");
}

void Resolver::take(const Address& address, int status, std::string_view name) {
  const auto found = entries_.find(address);
  if (found == entries_.end() || !found->second.under_way) return;
  Entry& entry = found->second;
  entry.under_way = false;
  --under_way_;
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
  const SteadyTime now = host_.clock().steady();
  entry.fresh_until = now + fresh_nothing;
  if (status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED) {
    entry.fresh_until = now + fresh_silence;
    failed_.fetch_add(1, std::memory_order_relaxed);
    failing_.complain(Level::warning, concat("reverse DNS gives no answer: ", ares_strerror(status),
                                             "; look at 'dns_servers' or /etc/resolv.conf"));
    return;
  }
  failing_.resolve("reverse DNS answers again");
  if (status == ARES_SUCCESS && good_name(name)) {
    entry.name = name;
    entry.fresh_until = now + fresh_name;
  } else if (status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA) {
    if (status == ARES_SUCCESS) bad_names_.fetch_add(1, std::memory_order_relaxed);
    entry.name.clear();
  } else {
    failed_.fetch_add(1, std::memory_order_relaxed);  // the server could not tell, or made no sense
    return;
  }
  answered_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace trafficd::names
