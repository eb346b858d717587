#include "workflow_results/depositor.hpp"

#include <iostream>
#include <utility>

#include "deposit/sender.hpp"

namespace workflow_results {

PendingReceipt::PendingReceipt(std::shared_ptr<internal::PendingWork> work)
    : work_(std::move(work)), future_(work_->promise.get_future().share()) {}

Receipt PendingReceipt::get() const {
  work_->seen = true;
  return future_.get();
}

bool PendingReceipt::wait_for(std::chrono::milliseconds time) const {
  return future_.wait_for(time) == std::future_status::ready;
}

bool PendingReceipt::ready() const { return wait_for(std::chrono::milliseconds{0}); }

Depositor::Depositor(std::unique_ptr<internal::DepositSender> sender) : sender_(std::move(sender)) {}
Depositor::Depositor(Depositor&& other) noexcept = default;

Depositor& Depositor::operator=(Depositor&& other) noexcept {
  Depositor taken{std::move(other)};
  std::swap(sender_, taken.sender_);  // so that the one before is closed, and says what has failed
  return *this;
}

Depositor::~Depositor() {
  if (!sender_) return;
  try {
    sender_->close();
  } catch (const std::exception& error) {
    std::cerr << "workflow_results: a depositor ended with an error: " << error.what() << '\n';
  }
}

PendingReceipt Depositor::deposit(const Document& work) { return PendingReceipt{sender_->deposit(work)}; }

void Depositor::flush() { sender_->flush(); }

void Depositor::close() { sender_->close(); }

}  // namespace workflow_results
