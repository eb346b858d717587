#include <gtest/gtest.h>

#include "calls/attempts.hpp"

namespace workflow_results::internal {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPlenty{60'000};

ErrorDetails failed(ErrorKind kind, bool outcome_unknown = false) {
  return {.kind = kind, .message = "failed", .outcome_unknown = outcome_unknown};
}

TEST(Attempts, PausesGrowAndStartOver) {
  Attempts attempts{kIdempotent, [] { return 1.0; }};
  auto error = failed(ErrorKind::unavailable);
  EXPECT_EQ(attempts.pause_after(error, kPlenty), milliseconds{50});
  EXPECT_EQ(attempts.pause_after(error, kPlenty), milliseconds{100});
  for (int number = 0; number < 10; ++number) static_cast<void>(attempts.pause_after(error, kPlenty));
  EXPECT_EQ(attempts.pause_after(error, std::nullopt), milliseconds{2000});
  attempts.progress();
  EXPECT_EQ(attempts.pause_after(error, kPlenty), milliseconds{50});
}

TEST(Attempts, PausesAreAtLeastHalfOfTheirLength) {
  Attempts attempts{kIdempotent, [] { return 0.0; }};
  auto error = failed(ErrorKind::unavailable);
  EXPECT_EQ(attempts.pause_after(error, kPlenty), milliseconds{25});
}

TEST(Attempts, APauseIsAsLongAsTheServiceAsks) {
  Attempts attempts{kIdempotent};
  auto error = failed(ErrorKind::unavailable);
  error.retry_delay = milliseconds{900};
  EXPECT_EQ(attempts.pause_after(error, kPlenty), milliseconds{900});
  EXPECT_EQ(attempts.pause_after(error, milliseconds{900}), std::nullopt);
}

TEST(Attempts, PoliciesTellWhatIsTriedAgain) {
  for (const auto& [policy, unknown, late] :
       {std::tuple{kIdempotent, true, false}, std::tuple{kOnce, false, false}, std::tuple{kStreamOfDeposits, true, true}}) {
    auto error = failed(ErrorKind::unavailable);
    EXPECT_TRUE(Attempts{policy}.pause_after(error, kPlenty));
    error = failed(ErrorKind::unavailable, true);
    EXPECT_EQ(Attempts{policy}.pause_after(error, kPlenty).has_value(), unknown);
    error = failed(ErrorKind::deadline_exceeded, true);
    EXPECT_EQ(Attempts{policy}.pause_after(error, kPlenty).has_value(), late);
    for (const auto kind : {ErrorKind::other, ErrorKind::invalid_request, ErrorKind::cancelled}) {
      error = failed(kind);
      EXPECT_FALSE(Attempts{policy}.pause_after(error, kPlenty));
    }
  }
}

TEST(Attempts, AnEarlierAttemptCountsForTheOutcome) {
  Attempts attempts{kIdempotent};
  auto error = failed(ErrorKind::unavailable, true);
  EXPECT_TRUE(attempts.pause_after(error, kPlenty));
  error = failed(ErrorKind::other);
  EXPECT_FALSE(attempts.pause_after(error, kPlenty));
  EXPECT_TRUE(error.outcome_unknown);
}

TEST(Attempts, TheErrorBeforeTheEndOfTheTimeSaysMore) {
  for (const auto& policy : {kIdempotent, kOnce, kStreamOfDeposits}) {
    Attempts attempts{policy};
    auto error = failed(ErrorKind::unavailable);
    error.message = "the reason";
    EXPECT_TRUE(attempts.pause_after(error, kPlenty));
    error = failed(ErrorKind::deadline_exceeded, true);
    EXPECT_FALSE(attempts.pause_after(error, milliseconds{0}));
    EXPECT_EQ(error.message, "the reason");
    EXPECT_TRUE(error.outcome_unknown);
  }
}

}  // namespace
}  // namespace workflow_results::internal
