#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "calls/attempts.hpp"
#include "workflow_results/outcomes.hpp"
#include "workflow_results/v1/results.pb.h"

namespace workflow_results::internal {

/// A change as it has arrived: several may share one response, and one result, which may be large.
struct Arrived {
  std::shared_ptr<const v1::WatchResponse> response{};  ///< The response it is in.
  int event = -1;                                       ///< Its position in that; -1 for the end of a snapshot.
  std::string_view result{};                            ///< Its result as BSON; empty for none.
  std::string token{};                                  ///< The resume token behind it.
};

/// A watch on its way through one stream after another, no change missing; without a clock.
class Watching {
 public:
  /// @param request What to watch; its resume token moves on with what arrives.
  /// @param target The target, for errors.
  Watching(v1::WatchRequest request, const std::string& target);

  /// Returns the request for the next stream.
  [[nodiscard]] const v1::WatchRequest& request() const noexcept { return request_; }
  /// Returns the resume token behind what was handed on.
  [[nodiscard]] std::string token() const;

  /// Notes what has arrived, and returns the changes in it.
  /// @throws Error A result is missing, or this client does not know what happened.
  [[nodiscard]] std::vector<Arrived> take(v1::WatchResponse response);

  /// Puts a change into our terms, when it is asked for.
  [[nodiscard]] Change hand_on(const Arrived& arrived);

  /// Returns the error of a stream that has ended, since none has an end.
  [[nodiscard]] ErrorDetails ended() const;

  /// Decides what follows a stream that failed, as `Attempts::pause_after` does.
  [[nodiscard]] std::optional<std::chrono::milliseconds> pause_after(ErrorDetails& error,
                                                                     std::optional<std::chrono::milliseconds> left) {
    return attempts_.pause_after(error, left);
  }

 private:
  void move_to(const std::string& token);

  v1::WatchRequest request_;
  std::string what_;
  Attempts attempts_{kIdempotent};
  mutable std::mutex mutex_{};  // of the token, which any thread may ask for
  std::string token_;
};

}  // namespace workflow_results::internal
