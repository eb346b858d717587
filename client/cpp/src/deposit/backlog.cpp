#include "deposit/backlog.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "calls/responses.hpp"

namespace workflow_results::internal {

namespace {

constexpr std::size_t kRequestBytes = std::size_t{1} << 19;
constexpr std::size_t kRequestWorks = 1'000;
constexpr std::size_t kRequestsInFlight = 8;
constexpr Milliseconds kGather{10};  // how long works are gathered while another request is under way
constexpr std::size_t kNamedInErrors = 5;

bool is_full(const PendingRequest& request, std::size_t more) {
  return request.alone || request.bytes + more > kRequestBytes || request.works.size() == kRequestWorks;
}

bool is_locked(const PendingRequest& request) {
  return std::ranges::any_of(request.works, [](const std::shared_ptr<PendingWork>& each) {
    return each->work.document.get<bool>("results.locked").value_or(false);
  });
}

std::string quoted(const Receipt& receipt) { return receipt.pipeline + " '" + receipt.id + "': " + receipt.reason; }

/// Returns the halves of a request.
std::vector<PendingRequest> halves(const PendingRequest& request) {
  const auto middle = request.works.begin() + static_cast<std::ptrdiff_t>(request.works.size() / 2);
  std::vector<PendingRequest> parts(2, {.sequence = request.sequence, .began = request.began, .alone = true});
  parts[0].works.assign(request.works.begin(), middle);
  parts[1].works.assign(middle, request.works.end());
  for (auto& part : parts) {
    part.outcome_unknown = request.outcome_unknown;
    for (const auto& each : part.works) part.bytes += each->work.bson().size();
  }
  return parts;
}

}  // namespace

std::shared_ptr<PendingWork> Backlog::add(Work work, Clock::time_point now) {
  auto pending = std::make_shared<PendingWork>();
  pending->work = std::move(work);
  ++given_;
  if (auto problem = too_large(pending->work); !problem.empty()) {
    ++settled_;
    Receipt receipt{.pipeline = pending->work.pipeline, .id = pending->work.id, .reason = std::move(problem)};
    not_stored_.push_back({.receipt = receipt, .work = pending});
    pending->promise.set_value(std::move(receipt));
    return pending;
  }
  const auto size = pending->work.bson().size();
  if (gathered_.empty() || internal::is_full(gathered_.back(), size)) {
    gathered_.push_back({.sequence = ++sequence_, .began = now});
  }
  gathered_.back().works.push_back(pending);
  gathered_.back().bytes += size;
  bytes_ += size;
  return pending;
}

std::optional<Clock::time_point> Backlog::may_send(bool closing) const {
  if (gathered_.empty() || in_flight_.size() == kRequestsInFlight) return std::nullopt;
  const auto& first = gathered_.front();
  if (in_flight_.empty()) return Clock::time_point::min();
  if (first.alone || in_flight_.front().alone) return std::nullopt;
  if (closing || gathered_.size() > 1 || internal::is_full(first, 0)) return Clock::time_point::min();
  return first.began + kGather;
}

v1::DepositStreamRequest Backlog::take() {
  in_flight_.push_back(std::move(gathered_.front()));
  gathered_.pop_front();
  v1::DepositStreamRequest request;
  request.set_sequence(in_flight_.back().sequence);
  auto& bson = *request.mutable_works()->mutable_bson();
  bson.reserve(in_flight_.back().bytes);
  for (const auto& each : in_flight_.back().works) bson += each->work.bson();
  return request;
}

void Backlog::acknowledge(const v1::DepositStreamResponse& answer) {
  if (in_flight_.empty() || answer.sequence() != in_flight_.front().sequence) {
    throw Error{{.message = "the service acknowledged request " + std::to_string(answer.sequence()) + " instead of " +
                            (in_flight_.empty() ? "none" : std::to_string(in_flight_.front().sequence)),
                 .outcome_unknown = true}};
  }
  auto judgements = judgements_of(answer, in_flight_.front().works.size());
  const auto request = std::move(in_flight_.front());
  in_flight_.pop_front();
  for (std::size_t index = 0; index < request.works.size(); ++index) {
    const auto& pending = request.works[index];
    Receipt receipt{pending->work.pipeline, pending->work.id, judgements[index].outcome, std::move(judgements[index].reason)};
    if (!receipt.stored()) not_stored_.push_back({.receipt = receipt, .work = pending});
    pending->work.document = {};  // which the caller's handle need not keep
    pending->promise.set_value(std::move(receipt));
  }
  forget(request);
  std::erase_if(not_stored_, [](const NotStored& each) { return each.work->seen.load(); });
}

void Backlog::forget(const PendingRequest& request) {
  settled_ += request.works.size();
  bytes_ -= request.bytes;
}

void Backlog::requeue(bool outcome_unknown) {
  for (auto& request : in_flight_) request.outcome_unknown |= outcome_unknown;
  std::ranges::move(in_flight_, std::front_inserter(gathered_));
  std::reverse(gathered_.begin(), gathered_.begin() + static_cast<std::ptrdiff_t>(in_flight_.size()));
  in_flight_.clear();
}

bool Backlog::sort_out(const ErrorDetails& error) {
  const bool has_culprit = error.reason == "PIPELINE" || std::ranges::any_of(in_flight_, is_locked);
  if (in_flight_.empty() || error.reason.empty() || !has_culprit) return false;
  if (in_flight_.size() > 1) {  // acknowledgements may be lost behind the error: only one that is alone is known to be it
    for (auto& request : in_flight_) request.alone = true;
    requeue(true);
    return true;
  }
  auto request = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (request.works.size() > 1) {
    auto parts = halves(request);
    std::move(parts.rbegin(), parts.rend(), std::front_inserter(gathered_));
    return true;
  }
  auto& pending = request.works.front();
  auto failed = error;
  failed.message = pending->work.pipeline + " '" + pending->work.id + "': " + error.message;
  failed.works = {pending->work.document};
  failed.outcome_unknown = request.outcome_unknown;
  const Receipt receipt{.pipeline = pending->work.pipeline,
                        .id = pending->work.id,
                        .reason = error.reason + ": " + error.message};
  not_stored_.push_back({.receipt = receipt, .work = pending, .denied = true});
  pending->promise.set_exception(std::make_exception_ptr(Error{std::move(failed)}));
  forget(request);
  return true;
}

void Backlog::fail(ErrorDetails error) {
  if (failure_) return;
  requeue(false);
  for (const auto& request : gathered_) {
    error.outcome_unknown |= request.outcome_unknown;
    for (const auto& each : request.works) error.works.push_back(each->work.document);
  }
  const auto thrown = std::make_exception_ptr(Error{error});
  for (const auto& request : gathered_) {
    for (const auto& each : request.works) each->promise.set_exception(thrown);
    forget(request);
  }
  gathered_.clear();
  failure_ = std::move(error);
}

std::optional<ErrorDetails> Backlog::outcome() const {
  if (failure_) return failure_;
  ErrorDetails error{.kind = ErrorKind::other};
  for (const auto& each : not_stored_) {
    if (each.work->seen) continue;
    if (each.denied) error.kind = ErrorKind::permission_denied;
    if (each.receipt.outcome == Outcome::rejected && error.kind == ErrorKind::other) error.kind = ErrorKind::invalid_request;
    if (error.receipts.size() < kNamedInErrors) error.message += "; " + quoted(each.receipt);
    error.receipts.push_back(each.receipt);
  }
  if (error.receipts.empty()) return std::nullopt;
  error.message = std::to_string(error.receipts.size()) + " of " + std::to_string(given_) + " works are not stored" +
                  error.message + (error.receipts.size() > kNamedInErrors ? "; and more" : "");
  return error;
}

}  // namespace workflow_results::internal
