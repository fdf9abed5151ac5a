#include "http_counts.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "fields.hpp"
#include "tables.hpp"

namespace trafficd::pcap_input {

namespace {

constexpr std::string_view statuses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

const MeasurementPtr& http_measurement() {
  static const MeasurementPtr measurement = make_measurement(
      "http", "Requests over HTTP/1, and what was answered, as it was seen on the way.",
      {counter("requests", "{request}", "Requests that were answered, or that will not be any more."),
       counter("request_bytes", "By", "Bytes of these requests, heads and bodies."),
       counter("response_bytes", "By", "Bytes of the answers, heads and bodies."),
       {.name = "clients",
        .kind = Kind::gauge,
        .unit = "{client}",
        .help = "Addresses that asked, since the last sample; absent when they were too many to be told apart."}},
      {"interface", "server", "section", "method", "status"});
  return measurement;
}

std::string end_text(const HttpEnd& end) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(end.ipv6 ? AF_INET6 : AF_INET, end.address.data(), text, sizeof text);
  return end.ipv6 ? concat("[", text, "]:", end.port) : concat(text, ":", end.port);
}

std::size_t HttpCounts::Hash::operator()(const HttpSubject& subject) const {
  std::uint64_t hash = mix(seed, subject.server.address[0]);
  hash = mix(hash, subject.server.address[1]);
  hash =
      mix(hash, std::uint64_t{subject.server.port} << 32 | std::uint64_t{subject.server.ipv6} << 24 |
                    std::uint64_t{subject.method} << 16 | std::uint64_t{subject.status} << 8 | subject.section.length);
  for (std::size_t i = 0; i < subject.section.length; i += 8) {
    std::uint64_t part;
    std::memcpy(&part, &subject.section.text[i], sizeof part);
    hash = mix(hash, part);
  }
  return hash;
}

HttpCounts::HttpCounts(std::size_t most_rows, Host& host, std::string interface)
    : most_(most_rows),
      host_(host),
      interface_(std::move(interface)),
      hash_{hidden_seed()},
      places_(0, hash_),
      clients_(0, hash_),
      uncounted_clients_(host.meter().counter("http_uncounted_clients")) {
  places_.reserve(most_);
  clients_.reserve(most_clients);
  rows_.reserve(others + most_);
  free_.reserve(most_);
  rows_.resize(others);
  // Held from the start, so that there is always room for what has none.
  for (std::size_t i = 0; i < others; ++i) {
    rows_[i].subject.status = static_cast<std::uint8_t>(i);
    rows_[i].series = host.series(http_measurement(), {{"interface", interface_},
                                                       {"server", "other"},
                                                       {"section", "other"},
                                                       {"method", "other"},
                                                       {"status", std::string(statuses[i])}});
  }
}

void HttpCounts::add(const HttpSubject& subject, const HttpEnd& client, const HttpAmounts& amounts) {
  const std::uint32_t place = find(subject);
  Row& row = rows_[place];
  row.used = row.changed = true;
  row.changed_in = ticks_;
  row.amounts.requests += amounts.requests;
  row.amounts.request_bytes += amounts.request_bytes;
  row.amounts.response_bytes += amounts.response_bytes;
  if (amounts.requests > 0) see_client(place, client);
}

std::uint32_t HttpCounts::find(const HttpSubject& subject) {
  if (const auto found = places_.find(subject); found != places_.end()) return found->second;
  if (free_.empty()) {
    if (rows_.size() == others + most_) return subject.status;
    rows_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(rows_.size() - 1));
  }
  const std::uint32_t place = free_.back();
  free_.pop_back();
  rows_[place].subject = subject;
  places_.emplace(subject, place);
  return place;
}

/// Two that hash alike are taken for one: with 64 bits, that does not happen.
void HttpCounts::see_client(std::uint32_t place, const HttpEnd& client) {
  Row& row = rows_[place];
  std::uint64_t hash = mix(hash_.seed, std::uint64_t{place} << 1 | client.ipv6);
  hash = mix(mix(hash, client.address[0]), client.address[1]);
  if (clients_.size() < most_clients) {
    row.clients += clients_.insert(hash).second;
  } else if (!clients_.contains(hash)) {
    row.more_clients = true;
    uncounted_clients_.fetch_add(1, std::memory_order_relaxed);
  }
}

void HttpCounts::tell(Timestamp time, Batch& out) {
  for (std::size_t i = others; i < rows_.size(); ++i) tell_row(rows_[i], time, out);
  for (std::size_t i = 0; i < others; ++i) tell_row(rows_[i], time, out);
  if (places_.size() * 8 > most_ * 7) make_room();
  if (std::exchange(erased_, false)) refresh(places_);
  if (!clients_.empty()) clients_.clear();
  ++ticks_;
}

void HttpCounts::tell_row(Row& row, Timestamp time, Batch& out) {
  if (!row.used || (!row.changed && row.rests)) return;
  if (!row.series) {
    row.series = host_.series(http_measurement(), {{"interface", interface_},
                                                   {"server", end_text(row.subject.server)},
                                                   {"section", std::string(row.subject.section.view())},
                                                   {"method", std::string(method_text(row.subject.method))},
                                                   {"status", std::string(statuses[row.subject.status])}});
    // Over `max_series` there is no more room than over `max_rows`.
    if (row.series->muted()) return fold(row);
  }
  if (row.epoch == 0) row.epoch = new_epoch();
  row.rests = !row.changed;
  row.changed = false;
  out.push_back({.series = row.series,
                 .time = time,
                 .epoch = row.epoch,
                 .born = true,
                 .values = {row.amounts.requests, row.amounts.request_bytes, row.amounts.response_bytes,
                            row.more_clients ? Value() : Value(row.clients)}});
  row.clients = 0;
  row.more_clients = false;
}

void HttpCounts::fold(Row& row) {
  Row& rest = rows_[row.subject.status];
  rest.used = rest.changed = true;
  rest.amounts.requests += row.amounts.requests;
  rest.amounts.request_bytes += row.amounts.request_bytes;
  rest.amounts.response_bytes += row.amounts.response_bytes;
  rest.more_clients = true;  // nobody knows which of them are the same
  free(row);
}

/// Those that changed last longest ago leave, until a quarter is free.
void HttpCounts::make_room() {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> resting;
  for (std::size_t i = others; i < rows_.size(); ++i)
    if (rows_[i].used && rows_[i].rests) resting.emplace_back(rows_[i].changed_in, static_cast<std::uint32_t>(i));
  std::ranges::sort(resting);
  const std::size_t surplus = places_.size() - most_ * 3 / 4;
  for (std::size_t i = 0; i < std::min(surplus, resting.size()); ++i) free(rows_[resting[i].second]);
}

void HttpCounts::free(Row& row) {
  places_.erase(row.subject);
  erased_ = true;
  row = Row{};
  free_.push_back(static_cast<std::uint32_t>(&row - rows_.data()));
}

}  // namespace trafficd::pcap_input
