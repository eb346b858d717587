#include "deposit/deposited.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>

#include "calls/responses.hpp"
#include "workflow_results/error.hpp"

namespace workflow_results::internal {

namespace {

constexpr std::size_t kRequestBytes = std::size_t{1} << 20;
constexpr std::size_t kRequestWorks = 10'000;
constexpr std::size_t kRequestsInFlight = 4;

/// The requests of a deposit, which several threads send.
class Sending {
 public:
  Sending(Client& client, const std::vector<Work>& works, const Deadline& deadline, const std::stop_token& stop)
      : client_(client), works_(works), deadline_(deadline), stop_(stop), ranges_(divided(works)), receipts_(works.size()) {}

  std::vector<Receipt> send() {
    const auto threads = std::min(most_in_flight(works_), ranges_.size());
    {
      std::vector<std::jthread> others;
      for (std::size_t number = 1; number < threads; ++number) others.emplace_back([this] { run(); });
      run();
    }
    if (!error_) return std::move(receipts_);
    error_->outcome_unknown = may_have_changed_;
    for (const auto& work : works_) error_->works.push_back(work.document);
    throw Error{*error_};
  }

 private:
  /// Sends one request after another, until there are no more, or one has failed.
  void run() {
    for (;;) {
      const auto index = next_++;
      if (index >= ranges_.size() || failed_) return;
      try {
        send(ranges_[index]);
      } catch (const Error& error) {
        failed_ = true;
        const std::scoped_lock lock{mutex_};
        may_have_changed_ |= error.outcome_unknown();
        if (!error_) error_ = error.details();
      }
    }
  }

  void send(const Range& range) {
    for (auto position = range.first; position < range.last; ++position) {
      receipts_[position] = {.pipeline = works_[position].pipeline, .id = works_[position].id};
    }
    if (auto problem = too_large(works_[range.first]); !problem.empty()) {
      receipts_[range.first].reason = std::move(problem);
      return;
    }
    v1::DepositRequest request;
    auto& bson = *request.mutable_works()->mutable_bson();
    for (auto position = range.first; position < range.last; ++position) bson += works_[position].bson();
    v1::DepositResponse response;
    client_.unary("Deposit", request, response, deadline_, stop_);
    {
      const std::scoped_lock lock{mutex_};
      may_have_changed_ = true;
    }
    auto judgements = judgements_of(response, range.last - range.first);
    for (auto position = range.first; position < range.last; ++position) {
      auto& judgement = judgements[position - range.first];
      receipts_[position].outcome = judgement.outcome;
      receipts_[position].reason = std::move(judgement.reason);
    }
  }

  Client& client_;
  const std::vector<Work>& works_;
  const Deadline& deadline_;
  const std::stop_token& stop_;
  std::vector<Range> ranges_;
  std::vector<Receipt> receipts_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_{};
  std::optional<ErrorDetails> error_{};
  bool may_have_changed_ = false;  // by any of the requests, whichever has failed first
};

}  // namespace

std::vector<Range> divided(const std::vector<Work>& works) {
  std::vector<Range> ranges;
  std::size_t size = 0;
  for (std::size_t position = 0; position < works.size(); ++position) {
    const auto more = works[position].bson().size();
    if (ranges.empty() || size + more > kRequestBytes || position - ranges.back().first == kRequestWorks) {
      ranges.push_back({position, position});
      size = 0;
    }
    ranges.back().last = position + 1;
    size += more;
  }
  return ranges;
}

std::size_t most_in_flight(const std::vector<Work>& works) {
  std::unordered_set<std::string> names;
  for (const auto& work : works) names.insert(work.pipeline + '\0' + work.id);
  return names.size() < works.size() ? 1 : kRequestsInFlight;
}

std::vector<Receipt> deposit(Client& client, const std::vector<Document>& works, const Deadline& deadline,
                             const std::stop_token& stop) {
  std::vector<Work> ready;
  ready.reserve(works.size());
  std::ranges::transform(works, std::back_inserter(ready), prepared);
  return Sending{client, ready, deadline, stop}.send();
}

}  // namespace workflow_results::internal
