#include <gtest/gtest.h>

#include "deposit/backlog.hpp"
#include "deposit/deposited.hpp"

namespace workflow_results::internal {
namespace {

const Clock::time_point kNow{};

Work work(const std::string& id, const std::string& pipeline = "p", std::size_t padding = 0) {
  return prepared({{"id", id}, {"pipeline", pipeline}, {"status", "success"}, {"x", std::string(padding, 'x')}});
}

v1::DepositStreamResponse stored(std::uint64_t sequence, int number) {
  v1::DepositStreamResponse answer;
  answer.set_sequence(sequence);
  for (int count = 0; count < number; ++count) answer.add_outcomes(v1::DEPOSIT_OUTCOME_DEPOSITED);
  return answer;
}

ErrorDetails denied() { return {.kind = ErrorKind::permission_denied, .message = "no", .reason = "PIPELINE"}; }

TEST(Works, GetAnIdWithoutOne) {
  const auto missing = prepared({{"pipeline", "p"}});
  EXPECT_EQ(missing.id.size(), 24U);
  EXPECT_EQ(missing.document.get<std::string>("id"), missing.id);
  const auto null = prepared({{"id", nullptr}, {"pipeline", "p"}});
  EXPECT_EQ(null.document, (Document{{"id", null.id}, {"pipeline", "p"}}));
  const Document given{{"id", 5}, {"pipeline", "p"}};
  EXPECT_EQ(prepared(given).document, given);
}

TEST(Works, AreDividedInTheirOrder) {
  std::vector<Work> works;
  for (int number = 0; number < 5; ++number) works.push_back(work(std::to_string(number), "p", 400'000));
  works.push_back(work("large", "p", 2 << 20));
  const auto ranges = divided(works);
  ASSERT_EQ(ranges.size(), 4U);
  EXPECT_EQ(ranges[1].first, 2U);
  EXPECT_EQ(ranges[3].first, 5U);
  EXPECT_EQ(ranges[3].last, 6U);
  EXPECT_EQ(most_in_flight(works), 4U);
  works.push_back(work("0"));
  EXPECT_EQ(most_in_flight(works), 1U);
  works.clear();
  for (int number = 0; number < 10'001; ++number) works.push_back(work(std::to_string(number)));
  EXPECT_EQ(divided(works).size(), 2U);
}

TEST(Backlog, GathersWhileARequestIsUnderWay) {
  Backlog backlog;
  const auto first = backlog.add(work("a"), kNow);
  EXPECT_EQ(backlog.may_send(false), Clock::time_point::min());
  EXPECT_EQ(backlog.take().sequence(), 1U);
  backlog.add(work("b"), kNow);
  backlog.add(work("c"), kNow);
  EXPECT_EQ(backlog.may_send(false), kNow + Milliseconds{10});
  EXPECT_EQ(backlog.may_send(true), Clock::time_point::min());
  backlog.acknowledge(stored(1, 1));
  EXPECT_TRUE(first->promise.get_future().get().stored());
  EXPECT_TRUE(backlog.is_done(1));
  EXPECT_FALSE(backlog.is_done(3));
}

TEST(Backlog, HasUpTo8RequestsUnderWay) {
  Backlog backlog;
  for (int number = 0; number < 9; ++number) backlog.add(work(std::to_string(number), "p", 1 << 19), kNow);
  for (int number = 0; number < 8; ++number) {
    EXPECT_TRUE(backlog.may_send(false));
    static_cast<void>(backlog.take());
  }
  EXPECT_EQ(backlog.may_send(true), std::nullopt);
  backlog.acknowledge(stored(1, 1));
  EXPECT_TRUE(backlog.may_send(false));
}

TEST(Backlog, DividesManySmallWorks) {
  Backlog backlog;
  for (int number = 0; number < 1'001; ++number) backlog.add(work(std::to_string(number)), kNow);
  EXPECT_EQ(backlog.may_send(false), Clock::time_point::min());
  static_cast<void>(backlog.take());
  backlog.acknowledge(stored(1, 1'000));
  EXPECT_FALSE(backlog.is_done(1'001));
  EXPECT_EQ(backlog.take().sequence(), 2U);
}

TEST(Backlog, RefusesTheAcknowledgementOfAnother) {
  Backlog backlog;
  backlog.add(work("a"), kNow);
  static_cast<void>(backlog.take());
  EXPECT_THROW(backlog.acknowledge(stored(2, 1)), Error);
  EXPECT_THROW(backlog.acknowledge(stored(1, 2)), Error);
}

TEST(Backlog, SendsAgainInOrder) {
  Backlog backlog;
  for (const auto* id : {"a", "b", "c"}) {
    backlog.add(work(id), kNow);
    if (*id != 'c') static_cast<void>(backlog.take());
  }
  backlog.requeue(true);
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) EXPECT_EQ(backlog.take().sequence(), sequence);
}

TEST(Backlog, IsFullAt16MiB) {
  Backlog backlog;
  for (int number = 0; number < 16; ++number) {
    EXPECT_FALSE(backlog.is_full());
    backlog.add(work(std::to_string(number), "p", 1 << 20), kNow);
  }
  EXPECT_TRUE(backlog.is_full());
}

TEST(Backlog, RejectsWhatIsTooLarge) {
  Backlog backlog;
  const auto pending = backlog.add(work("a", "p", 16 << 20), kNow);
  EXPECT_EQ(pending->promise.get_future().get().outcome, Outcome::rejected);
  EXPECT_FALSE(backlog.has_gathered());
  EXPECT_EQ(backlog.outcome()->receipts.size(), 1U);
}

TEST(Backlog, OnlyDeniedWorksFail) {
  Backlog backlog;
  const auto good = backlog.add(work("a"), kNow);
  const auto bad = backlog.add(work("b", "q"), kNow);
  static_cast<void>(backlog.take());
  EXPECT_TRUE(backlog.sort_out(denied()));
  auto half = backlog.take();
  EXPECT_EQ(backlog.may_send(true), std::nullopt);  // it is alone
  backlog.acknowledge(stored(half.sequence(), 1));
  static_cast<void>(backlog.take());
  EXPECT_TRUE(backlog.sort_out(denied()));
  EXPECT_TRUE(good->promise.get_future().get().stored());
  EXPECT_THROW(bad->promise.get_future().get(), Error);
  EXPECT_TRUE(backlog.is_done(2));
  EXPECT_EQ(backlog.outcome()->kind, ErrorKind::permission_denied);
  bad->seen = true;
  EXPECT_FALSE(backlog.outcome());
}

TEST(Backlog, ARoleThatDeniesAllIsNotSortedOut) {
  Backlog backlog;
  backlog.add(work("a"), kNow);
  static_cast<void>(backlog.take());
  auto error = denied();
  error.reason = "ROLE";
  EXPECT_FALSE(backlog.sort_out(error));
}

TEST(Backlog, FailsWithAllWorks) {
  Backlog backlog;
  const auto pending = backlog.add(work("a"), kNow);
  static_cast<void>(backlog.take());
  backlog.add(work("b"), kNow);
  backlog.requeue(true);
  backlog.fail({.kind = ErrorKind::unavailable, .message = "gone"});
  EXPECT_THROW(pending->promise.get_future().get(), Error);
  EXPECT_EQ(backlog.failure()->works.size(), 2U);
  EXPECT_TRUE(backlog.failure()->outcome_unknown);
  EXPECT_TRUE(backlog.is_done(2));
}

}  // namespace
}  // namespace workflow_results::internal
