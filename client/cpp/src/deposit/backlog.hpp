#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deposit/works.hpp"
#include "transport/deadline.hpp"
#include "workflow_results/error.hpp"
#include "workflow_results/outcomes.hpp"
#include "workflow_results/v1/results.pb.h"

namespace workflow_results::internal {

/// A work on its way, and the promise of its receipt.
struct PendingWork {
  Work work{};
  std::promise<Receipt> promise{};
  std::atomic<bool> seen{false};  ///< Whether somebody has asked for what has become of it.
};

/// Works that are sent together.
struct PendingRequest {
  std::uint64_t sequence = 0;
  std::vector<std::shared_ptr<PendingWork>> works{};
  std::size_t bytes = 0;
  Clock::time_point began{};
  bool alone = false;            ///< Whether it must be alone on its way, since it may be the one that is at fault.
  bool outcome_unknown = false;  ///< Whether it was sent on a stream that ended before it was acknowledged.
};

/// The works of a depositor that are not acknowledged yet: how they go together, and what becomes of them.
///
/// It neither waits nor looks at a clock, and is used under a lock. Receipts are handed out at once: nobody but who waits
/// for them is called.
class Backlog {
 public:
  /// Returns whether so much waits that the next work has to wait before it.
  [[nodiscard]] bool is_full() const noexcept { return bytes_ >= kPendingBytes; }
  /// Returns the number of the last work.
  [[nodiscard]] std::uint64_t last() const noexcept { return given_; }
  /// Returns whether all works up to one are acknowledged.
  [[nodiscard]] bool is_done(std::uint64_t last) const noexcept { return settled_ >= last; }
  /// Returns whether something waits to be sent.
  [[nodiscard]] bool has_gathered() const noexcept { return !gathered_.empty(); }
  /// Returns whether something is sent and not acknowledged.
  [[nodiscard]] bool has_in_flight() const noexcept { return !in_flight_.empty(); }
  /// Returns the error that the works have that are not acknowledged, if it has failed.
  [[nodiscard]] const std::optional<ErrorDetails>& failure() const noexcept { return failure_; }

  /// Takes on a work, and returns what its receipt comes from.
  std::shared_ptr<PendingWork> add(Work work, Clock::time_point now);
  /// Returns when the next request may be sent; none where there is nothing, or too much is under way.
  /// @param closing Whether no more works come.
  [[nodiscard]] std::optional<Clock::time_point> may_send(bool closing) const;
  /// Takes off the request that is to be sent next.
  [[nodiscard]] v1::DepositStreamRequest take();
  /// Hands out what the service says about the works of the first request in flight.
  /// @throws Error It says that of another request.
  void acknowledge(const v1::DepositStreamResponse& answer);
  /// Makes all that is not acknowledged ready for a new stream.
  /// @param outcome_unknown Whether what was sent may have been stored.
  void requeue(bool outcome_unknown);
  /// Makes the works that may not be deposited fail, and has the others sent again; returns whether they can be told apart.
  [[nodiscard]] bool sort_out(const ErrorDetails& error);
  /// Gives up all that is not acknowledged.
  void fail(ErrorDetails error);
  /// Returns the error with which a depositor is closed, if there is one.
  [[nodiscard]] std::optional<ErrorDetails> outcome() const;

 private:
  static constexpr std::size_t kPendingBytes = std::size_t{16} << 20;

  /// What was not stored, and whoever may have asked for it.
  struct NotStored {
    Receipt receipt{};
    std::shared_ptr<PendingWork> work{};
    bool denied = false;
  };

  void forget(const PendingRequest& request);

  std::deque<PendingRequest> gathered_{};
  std::deque<PendingRequest> in_flight_{};
  std::uint64_t sequence_ = 0;
  std::uint64_t given_ = 0;
  std::uint64_t settled_ = 0;
  std::size_t bytes_ = 0;
  std::vector<NotStored> not_stored_{};
  std::optional<ErrorDetails> failure_{};
};

}  // namespace workflow_results::internal
