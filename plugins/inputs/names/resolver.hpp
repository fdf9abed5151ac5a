#pragma once
// The names that reverse DNS gives to addresses: asked for in the background, remembered for a while. Nothing here
// waits: what has come in since the last call is taken, and what is not known yet is asked for. One thread.

#include <ares.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "address.hpp"
#include "trafficd/host.hpp"

namespace trafficd::names {

class Resolver {
 public:
  static constexpr std::size_t most_under_way = 64;
  static constexpr std::size_t most_remembered = 16'384;

  explicit Resolver(Host& host);
  ~Resolver() { close(); }
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// `servers` as parse_server takes them; none: those of /etc/resolv.conf.
  /// A question is sent again after `timeout`, and given up at the second time.
  Status open(const std::vector<std::string>& servers, std::chrono::milliseconds timeout = std::chrono::seconds(2));
  /// What is under way is forgotten.
  void close();

  /// Takes the answers that are there, gives up on questions that are too old, forgets what nobody asks for.
  void process();
  /// The name, as far as it is known; empty when there is none or none yet. An old one stays until there is an answer.
  /// What is due is noted.
  std::string_view name_of(const Address& address);
  /// Asks for what is due, as many as may be under way: first what was never asked for, then what is oldest, so that
  /// all have their turn.
  void ask_due();

  /// The sockets that answers come by, for tests.
  std::vector<int> descriptors() const;
  std::size_t under_way() const { return under_way_; }

 private:
  struct Entry {
    std::string name;
    SteadyTime fresh_until{}, asked_for{};
    bool due = false, under_way = false;
  };
  struct Question;
  void ask(const Address& address, Entry& entry);
  void take(const Address& address, int status, std::string_view name);
  static void on_answer(void* question, int status, int timeouts, unsigned char* answer, int size);
  static void on_socket(void* resolver, ares_socket_t socket, int readable, int writable);

  Host& host_;
  ares_channel channel_ = nullptr;
  std::map<int, bool> sockets_;  // whether it waits for room to write, too
  std::map<Address, Entry> entries_;
  std::size_t under_way_ = 0;
  Complaint failing_;
  std::atomic<std::uint64_t>&asked_, &answered_, &failed_, &bad_names_, &left_out_;
};

}  // namespace trafficd::names
