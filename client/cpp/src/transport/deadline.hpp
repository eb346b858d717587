#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace workflow_results::internal {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

/// A moment to be done by, or none.
class Deadline {
 public:
  /// Returns the moment in some time; none where there is no limit.
  [[nodiscard]] static Deadline after(std::optional<Milliseconds> time, Clock::time_point now = Clock::now()) {
    return Deadline{time, time ? now + *time : Clock::time_point::max()};
  }

  /// Returns the time that there was in all.
  [[nodiscard]] std::optional<Milliseconds> time() const { return time_; }

  /// Returns the moment; the greatest there is for none.
  [[nodiscard]] Clock::time_point at() const { return at_; }

  /// Returns the time that is left, at least 0; none for no limit.
  [[nodiscard]] std::optional<Milliseconds> left() const {
    if (!time_) return std::nullopt;
    return std::max(Milliseconds{0}, std::chrono::ceil<Milliseconds>(at_ - Clock::now()));
  }

  /// Returns the moment for gRPC.
  [[nodiscard]] std::chrono::system_clock::time_point for_grpc() const {
    if (!time_) return std::chrono::system_clock::time_point::max();
    return std::chrono::system_clock::now() +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(at_ - Clock::now());
  }

  /// Returns the one that comes first.
  [[nodiscard]] friend Deadline earlier(const Deadline& one, const Deadline& other) {
    return other.at_ < one.at_ ? other : one;
  }

 private:
  Deadline(std::optional<Milliseconds> time, Clock::time_point at) : time_(time), at_(at) {}

  std::optional<Milliseconds> time_;
  Clock::time_point at_;
};

}  // namespace workflow_results::internal
