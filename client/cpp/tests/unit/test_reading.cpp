#include <gtest/gtest.h>

#include "calls/reading.hpp"
#include "calls/requests.hpp"
#include "calls/watching.hpp"

namespace workflow_results::internal {
namespace {

std::string bson(const char* id) {
  const Document document{{"id", id}};
  return {reinterpret_cast<const char*>(document.bytes().data()), document.bytes().size()};
}

/// Fills the response of a read, and takes it.
template <class Response>
std::string arrive(Reading& reading, const std::string& documents, const std::string& token, int count = -1) {
  Response response;
  auto& part = *response.mutable_part();
  if (!documents.empty()) {
    part.mutable_batch()->mutable_results()->set_bson(documents);
    part.mutable_batch()->set_resume_token(token);
  }
  if (count >= 0) part.mutable_summary()->set_count(count);
  static_cast<Response&>(*reading.read().response) = response;
  return reading.take();
}

TEST(Reading, GoesOnBehindTheLastBatch) {
  Reading reading{requests::view("p", {}), "here"};
  reading.begin();
  EXPECT_EQ(arrive<v1::ViewResponse>(reading, bson("b"), "t1"), bson("b"));
  EXPECT_THROW(reading.end(), Error);
  EXPECT_EQ(static_cast<v1::ViewRequest&>(*reading.read().request).resume_token(), "t1");
  reading.begin();
  EXPECT_EQ(arrive<v1::ViewResponse>(reading, bson("a"), "t2", 1), bson("a"));
  EXPECT_TRUE(reading.complete());
  reading.end();
}

TEST(Reading, NoticesLostResults) {
  Reading reading{requests::view("p", {}), "here"};
  reading.begin();
  EXPECT_THROW(arrive<v1::ViewResponse>(reading, bson("b"), "t1", 2), Error);
  EXPECT_THROW(arrive<v1::ViewResponse>(reading, "no BSON", "t1"), Error);
}

TEST(Reading, KeepsWhatCannotBeResumed) {
  Reading reading{requests::top("p", "results.snr", {}), "here"};
  reading.begin();
  EXPECT_EQ(arrive<v1::TopResponse>(reading, bson("c"), ""), "");
  reading.begin();
  EXPECT_EQ(arrive<v1::TopResponse>(reading, bson("b"), ""), "");
  EXPECT_EQ(arrive<v1::TopResponse>(reading, bson("a"), "", 2), bson("b") + bson("a"));
}

TEST(Watching, EachChangeHasTheTokenBehindIt) {
  v1::WatchRequest request;
  request.set_resume_token("t0");
  Watching watching{request, "here"};
  v1::WatchResponse response;
  for (const auto* id : {"a", "b"}) {
    auto& event = *response.add_events();
    event.set_kind(v1::CHANGE_KIND_DEPOSITED);
    event.set_id(id);
    event.set_result_index(0);
  }
  response.mutable_results()->set_bson(bson("x"));
  response.set_resume_token("t1");
  response.set_snapshot_complete(true);
  const auto arrived = watching.take(response);
  ASSERT_EQ(arrived.size(), 3U);
  EXPECT_EQ(watching.token(), "t0");
  EXPECT_EQ(watching.hand_on(arrived[0]).resume_token, "t0");
  EXPECT_EQ(watching.hand_on(arrived[1]).resume_token, "t1");
  EXPECT_EQ(watching.token(), "t1");
  EXPECT_EQ(watching.hand_on(arrived[2]).kind, ChangeKind::snapshot_complete);
  EXPECT_EQ(watching.request().resume_token(), "t1");
}

TEST(Watching, KnowsWhatItDoesNotKnow) {
  Watching watching{{}, "here"};
  v1::WatchResponse response;
  response.add_events()->set_kind(static_cast<v1::ChangeKind>(77));
  EXPECT_THROW(static_cast<void>(watching.take(response)), Error);
  response.mutable_events(0)->set_kind(v1::CHANGE_KIND_DEPOSITED);
  response.mutable_events(0)->set_result_index(0);
  EXPECT_THROW(static_cast<void>(watching.take(response)), Error);
}

}  // namespace
}  // namespace workflow_results::internal
