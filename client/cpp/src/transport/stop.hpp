#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>

namespace workflow_results::internal {

/// Whether somebody has asked a call to stop: its caller, who closes the client, or who cancels a stream.
class Stop {
 public:
  Stop(const std::stop_token& caller, const std::stop_token& client)
      : caller_(caller, [this] { request(); }), client_(client, [this] { request(); }) {}

  /// Asks it to stop.
  void request() noexcept { source_.request_stop(); }

  /// Returns whether anybody has.
  [[nodiscard]] bool requested() const noexcept { return source_.stop_requested(); }

  /// Returns what tells of it.
  [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }

  /// Waits so long, or until somebody asks it to stop.
  void pause(std::chrono::milliseconds time) const {
    std::mutex mutex;
    std::unique_lock lock{mutex};
    std::condition_variable_any never;
    never.wait_for(lock, token(), time, [] { return false; });
  }

 private:
  std::stop_source source_{};
  std::stop_callback<std::function<void()>> caller_;
  std::stop_callback<std::function<void()>> client_;
};

}  // namespace workflow_results::internal
