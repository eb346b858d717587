#pragma once

#include <chrono>
#include <future>
#include <memory>

#include "workflow_results/document.hpp"
#include "workflow_results/error.hpp"
#include "workflow_results/outcomes.hpp"

namespace workflow_results {

namespace internal {
class DepositSender;
struct PendingWork;
}  // namespace internal

/// The receipt of a work that a depositor has taken on. Copies stand for the same work.
class PendingReceipt {
 public:
  /// Makes one; for depositors.
  explicit PendingReceipt(std::shared_ptr<internal::PendingWork> work);

  /// Waits for the receipt, and counts as having looked at it.
  /// @throws Error The work was denied, or the depositor has failed.
  [[nodiscard]] Receipt get() const;

  /// Waits for the receipt, and returns whether it is there within this time.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const;

  /// Returns whether the receipt, or an error, is there.
  [[nodiscard]] bool ready() const;

 private:
  std::shared_ptr<internal::PendingWork> work_;
  std::shared_future<Receipt> future_;
};

/// Takes works one by one, and sends them together over one stream; made by `Results::depositor`.
///
/// Several threads may use it. Works with the same id are stored in the order in which they are given. If the connection
/// breaks or the service restarts, works that were not acknowledged are sent again, which is safe.
class Depositor {
 public:
  /// Makes one; for `Results`.
  explicit Depositor(std::unique_ptr<internal::DepositSender> sender);
  Depositor(Depositor&& other) noexcept;
  Depositor& operator=(Depositor&& other) noexcept;
  Depositor(const Depositor&) = delete;
  Depositor& operator=(const Depositor&) = delete;

  /// Closes it, unless that was done. What `close` would throw is written to the standard error stream.
  ~Depositor();

  /// Takes on a work; waits while more than 16 MiB are not acknowledged.
  /// @param work The work. If it has no id, it gets one, which is in its receipt.
  /// @returns What its receipt comes from.
  /// @throws Error The depositor is closed, or has failed.
  PendingReceipt deposit(const Document& work);

  /// Waits until all works that were given so far are acknowledged.
  /// @throws Error The depositor has failed; `works` of the error has those that are not acknowledged.
  void flush();

  /// Takes on no more works, and waits until all are acknowledged. Closing twice is fine.
  /// @throws Error The depositor has failed, and `works` has those that are not acknowledged; or works are not stored, and
  ///   nobody has looked at their receipts, which are in `receipts`.
  void close();

 private:
  std::unique_ptr<internal::DepositSender> sender_;
};

}  // namespace workflow_results
