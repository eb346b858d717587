#include <gtest/gtest.h>

#include "calls/requests.hpp"
#include "calls/responses.hpp"
#include "workflow_results/error.hpp"

namespace workflow_results::internal {
namespace {

TEST(Requests, IdsAreInTheOrderOfTheResults) {
  const auto reads = requests::get_by_id("p", {"a", "c", "b", "c"});
  ASSERT_EQ(reads.size(), 1U);
  const auto& request = static_cast<v1::GetByIdRequest&>(*reads.front().request);
  EXPECT_EQ((std::vector<std::string>{request.ids().begin(), request.ids().end()}),
            (std::vector<std::string>{"c", "b", "a"}));
}

TEST(Requests, ManyIdsTakeSeveral) {
  std::vector<std::string> ids;
  for (int number = 0; number < 25'000; ++number) ids.push_back(std::to_string(number));
  EXPECT_EQ(requests::get_by_id("p", ids).size(), 3U);
  EXPECT_EQ(requests::get_by_id("p", {}).size(), 1U);
}

TEST(Responses, OutcomesComeWithTheirReasons) {
  v1::DepositResponse response;
  response.add_outcomes(v1::DEPOSIT_OUTCOME_CONFLICT);
  response.add_outcomes(v1::DEPOSIT_OUTCOME_REJECTED);
  auto& rejection = *response.add_rejections();
  rejection.set_index(1);
  rejection.set_reason(v1::REJECTION_REASON_TOO_DEEP);
  rejection.set_message("too deep");
  const auto judgements = judgements_of(response, 2);
  EXPECT_EQ(judgements[0].outcome, Outcome::conflict);
  EXPECT_EQ(judgements[1].reason, "TOO_DEEP: too deep");
  EXPECT_THROW(static_cast<void>(judgements_of(response, 1)), Error);
  response.set_outcomes(0, static_cast<v1::DepositOutcome>(99));
  EXPECT_THROW(static_cast<void>(judgements_of(response, 2)), Error);
}

TEST(Responses, TimesBefore1970AreRoundedDown) {
  google::protobuf::Timestamp time;
  time.set_seconds(-1);
  time.set_nanos(999'000'000);
  EXPECT_EQ(date_time(time).time_since_epoch().count(), -1);
}

}  // namespace
}  // namespace workflow_results::internal
