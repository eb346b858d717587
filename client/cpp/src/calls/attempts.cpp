#include "calls/attempts.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

namespace workflow_results::internal {

namespace {

constexpr std::chrono::duration<double, std::milli> kLongestPause{2000};
constexpr std::array<std::string_view, 4> kOnceMethods{"Update", "DeleteIds", "Lock", "Unlock"};
constexpr std::array<std::string_view, 5> kOtherChanges{"Deposit", "DepositStream", "CreateIndex", "DropIndex",
                                                        "DropPipeline"};

bool contains(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

}  // namespace

bool changes(std::string_view method) noexcept { return contains(kOnceMethods, method) || contains(kOtherChanges, method); }

bool needs_request_id(std::string_view method) noexcept { return contains(kOnceMethods, method); }

double random_share() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{}(generator);
}

void Attempts::progress() {
  longest_ = kFirstPause;
  before_.reset();
}

std::optional<std::chrono::milliseconds> Attempts::pause_after(ErrorDetails& error,
                                                               std::optional<std::chrono::milliseconds> left) {
  auto before = std::exchange(before_, std::nullopt);
  if (before) error.outcome_unknown |= before->outcome_unknown;
  const bool late = error.kind == ErrorKind::deadline_exceeded;
  if (!late && error.kind != ErrorKind::unavailable) return std::nullopt;
  const bool refused = (late && !policy_.late) || (error.outcome_unknown && !policy_.unknown);
  before_ = error;
  const auto random = longest_ * (1 + share_()) / 2;
  longest_ = std::min(longest_ * 2, kLongestPause);
  const auto pause = std::max(std::chrono::ceil<std::chrono::milliseconds>(random), error.retry_delay);
  if (!refused && (!left || pause < *left)) return pause;
  if (late && before && error.reason.empty()) {  // the time ended during this attempt; the error before says more
    before->outcome_unknown = error.outcome_unknown;
    error = *std::move(before);
  }
  return std::nullopt;
}

}  // namespace workflow_results::internal
