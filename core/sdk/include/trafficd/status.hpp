#pragma once
// What a call answers when it may fail at run time. A message says what was tried, on what, what the system
// answered and, when known, what to do; lower case, one line.

#include <algorithm>
#include <cassert>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace trafficd {

using Duration = std::chrono::nanoseconds;
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// ok, or a failure that is worth another try (`retry`), or one that will not mend by itself (`fatal`).
class [[nodiscard]] Status {
 public:
  enum class Code : unsigned char { ok, retry, fatal };

  static Status ok() { return Status{Code::ok, {}}; }
  static Status retry(std::string message) { return Status{Code::retry, std::move(message)}; }
  static Status fatal(std::string message) { return Status{Code::fatal, std::move(message)}; }

  bool is_ok() const { return code_ == Code::ok; }
  explicit operator bool() const { return is_ok(); }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  /// Not to be tried again before so long from now, at most a day: what a server asked for. Unset, or no time at all:
  /// the caller's back-off decides.
  Status& not_before(Duration pause) {
    not_before_.reset();
    if (pause > Duration::zero())
      not_before_ = std::clamp<Duration>(pause, std::chrono::milliseconds(10), std::chrono::hours(24));
    return *this;
  }
  std::optional<Duration> not_before() const { return not_before_; }

 private:
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}
  Code code_;
  std::string message_;
  std::optional<Duration> not_before_;
};

/// The failure half of a Result.
struct Error {
  std::string message;
};

/// A value or an Error. The names are those of std::expected, which replaces it once every compiler has it.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return assert(has_value()), std::get<0>(content_); }
  const T& value() const& { return assert(has_value()), std::get<0>(content_); }
  T&& value() && { return assert(has_value()), std::get<0>(std::move(content_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const std::string& error() const { return std::get<1>(content_).message; }

 private:
  std::variant<T, Error> content_;
};

}  // namespace trafficd
