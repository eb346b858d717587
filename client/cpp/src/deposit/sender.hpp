#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "calls/attempts.hpp"
#include "deposit/backlog.hpp"
#include "transport/client.hpp"

namespace workflow_results::internal {

/// What a depositor has behind it: a thread that sends what is gathered, on one stream of deposits after another.
class DepositSender {
 public:
  /// @param patience The time without an acknowledgement after which it fails.
  DepositSender(std::shared_ptr<Client> client, Milliseconds patience);
  DepositSender(const DepositSender&) = delete;
  DepositSender& operator=(const DepositSender&) = delete;
  ~DepositSender();

  /// As in Depositor.
  [[nodiscard]] std::shared_ptr<PendingWork> deposit(const Document& given);
  /// As in Depositor.
  void flush();
  /// As in Depositor.
  void close();

 private:
  void run();
  /// Waits until there is something to send; returns false if nothing more comes.
  [[nodiscard]] bool wait_for_works();
  /// Sends what is gathered on a stream, until that ends.
  void exchange();
  /// Sends the next request, or the end of requests, if that is due; returns when to look again.
  [[nodiscard]] Clock::time_point feed();
  /// Returns by when the service must acknowledge something.
  [[nodiscard]] Deadline patience();
  void acknowledge(const v1::DepositStreamResponse& answer);
  /// Decides what follows a stream that failed.
  void recover(ErrorDetails error);
  void check_alive() const;

  std::shared_ptr<Client> client_;
  Milliseconds patience_;
  Stop stop_;
  Attempts attempts_{kStreamOfDeposits};
  Connections::Place place_{};
  std::mutex mutex_{};
  std::condition_variable changed_{};
  Backlog backlog_{};             // under the mutex, like all that follows
  std::unique_ptr<Call> call_{};  // of the stream that is open
  Clock::time_point progress_{};  // when the service last acknowledged anything, or had nothing to acknowledge
  bool closing_ = false;
  bool ended_ = false;
  bool writing_ = false;      // whether a request is on its way out
  bool half_closed_ = false;  // whether the end of requests is
  std::thread thread_{};
};

}  // namespace workflow_results::internal
