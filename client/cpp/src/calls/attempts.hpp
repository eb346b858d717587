#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

#include "workflow_results/error.hpp"

namespace workflow_results::internal {

/// What is tried again besides calls that found the service unavailable and have changed nothing.
struct Policy {
  bool unknown = false;  ///< Calls that may have changed something.
  bool late = false;     ///< Calls whose deadline has passed, since that is not the deadline of all attempts.
};

inline constexpr Policy kIdempotent{.unknown = true};               ///< Calls that may be carried out twice.
inline constexpr Policy kOnce{};                                    ///< Calls that must be carried out once.
inline constexpr Policy kStreamOfDeposits{.unknown = true, .late = true};  ///< Depositors, which replace their streams.

/// Returns whether a method changes something.
[[nodiscard]] bool changes(std::string_view method) noexcept;

/// Returns whether a method without a request id may be carried out only once.
[[nodiscard]] bool needs_request_id(std::string_view method) noexcept;

/// Returns a number from 0 to 1.
[[nodiscard]] double random_share();

/// The attempts at one call, or at going on with one stream: whether what has failed is tried again, and after which
/// pause. It looks at no clock and does not sleep.
class Attempts {
 public:
  explicit Attempts(Policy policy, std::function<double()> share = random_share)
      : policy_(policy), share_(std::move(share)) {}

  /// Notes that the service has answered: what fails from now on has nothing to do with earlier failures.
  void progress();

  /// Decides what follows an attempt that failed.
  /// @param error What has become of it. It becomes what is to be thrown if there is no further attempt.
  /// @param left The time for further attempts; none for no limit.
  /// @returns How long to wait before the next attempt; none if there is none.
  [[nodiscard]] std::optional<std::chrono::milliseconds> pause_after(ErrorDetails& error,
                                                                     std::optional<std::chrono::milliseconds> left);

 private:
  static constexpr std::chrono::duration<double, std::milli> kFirstPause{50};

  Policy policy_;
  std::function<double()> share_;
  std::chrono::duration<double, std::milli> longest_ = kFirstPause;
  std::optional<ErrorDetails> before_{};
};

}  // namespace workflow_results::internal
