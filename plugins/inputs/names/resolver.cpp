#include "resolver.hpp"

#include <netinet/in.h>
#include <poll.h>

#include <cstring>
#include <memory>

#include "parsers.hpp"
#include "trafficd/units.hpp"

namespace trafficd::names {

using namespace std::chrono_literals;

namespace {

constexpr Duration fresh_name = 1h, fresh_nothing = 10min, fresh_failure = 1min, remembered = 2h;

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

Status Resolver::open(const std::string& servers, std::chrono::milliseconds timeout) {
  static const int ready = ares_library_init(ARES_LIB_INIT_ALL);
  ares_options options{};
  options.flags = ARES_FLAG_IGNTC | ARES_FLAG_STAYOPEN;
  options.timeout = static_cast<int>(timeout.count());
  options.tries = 2;
  std::string lookups = "b";  // DNS alone: the hosts file is a source of its own
  options.lookups = lookups.data();
  options.sock_state_cb = on_socket;
  options.sock_state_cb_data = this;
  int error = ready;
  if (error == ARES_SUCCESS)
    error = ares_init_options(
        &channel_, &options,
        ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
  if (error != ARES_SUCCESS) channel_ = nullptr;
  if (error == ARES_SUCCESS && !servers.empty()) error = ares_set_servers_ports_csv(channel_, servers.c_str());
  if (error == ARES_SUCCESS) return Status::ok();
  close();
  return Status::retry(concat("cannot prepare reverse DNS: ", ares_strerror(error), "; look at 'dns_servers'"));
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
  if (!entry.under_way && now >= entry.fresh_until && under_way_ < most_under_way) ask(address, entry);
  return entry.name;
}

void Resolver::ask(const Address& address, Entry& entry) {
  asked_.fetch_add(1, std::memory_order_relaxed);
  entry.under_way = true;
  ++under_way_;
  auto question = std::make_unique<Question>(Question{this, address});
  constexpr int flags = ARES_NI_LOOKUPHOST | ARES_NI_NAMEREQD;
  // It may call back at once; either way the answer owns the question.
  if (address.ipv6) {
    sockaddr_in6 socket_address{};
    socket_address.sin6_family = AF_INET6;
    std::memcpy(&socket_address.sin6_addr, address.bytes.data(), sizeof socket_address.sin6_addr);
    ares_getnameinfo(channel_, reinterpret_cast<sockaddr*>(&socket_address), sizeof socket_address, flags, on_answer,
                     question.release());
  } else {
    sockaddr_in socket_address{};
    socket_address.sin_family = AF_INET;
    std::memcpy(&socket_address.sin_addr, address.bytes.data(), sizeof socket_address.sin_addr);
    ares_getnameinfo(channel_, reinterpret_cast<sockaddr*>(&socket_address), sizeof socket_address, flags, on_answer,
                     question.release());
  }
}

void Resolver::on_answer(void* question, int status, int timeouts, char* name, char*) {
  const std::unique_ptr<Question> owned(static_cast<Question*>(question));
  owned->resolver->take(owned->address, status, timeouts, name);
}

void Resolver::take(const Address& address, int status, int timeouts, const char* name) {
  const auto found = entries_.find(address);
  if (found == entries_.end() || !found->second.under_way) return;
  Entry& entry = found->second;
  entry.under_way = false;
  --under_way_;
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
  // This is how c-ares 1.18 tells of a server that is silent.
  if (status == ARES_ENOTFOUND && timeouts > 0) status = ARES_ETIMEOUT;
  const SteadyTime now = host_.clock().steady();
  if (status == ARES_SUCCESS && name != nullptr && good_name(name)) {
    entry.name = name;
    entry.fresh_until = now + fresh_name;
  } else if (status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA) {
    if (status == ARES_SUCCESS) bad_names_.fetch_add(1, std::memory_order_relaxed);
    entry.name.clear();
    entry.fresh_until = now + fresh_nothing;
  } else {
    entry.fresh_until = now + fresh_failure;
    failed_.fetch_add(1, std::memory_order_relaxed);
    failing_.complain(Level::warning, concat("reverse DNS gives no answer: ", ares_strerror(status),
                                             "; look at 'dns_servers' or /etc/resolv.conf"));
    return;
  }
  answered_.fetch_add(1, std::memory_order_relaxed);
  failing_.resolve("reverse DNS answers again");
}

}  // namespace trafficd::names
