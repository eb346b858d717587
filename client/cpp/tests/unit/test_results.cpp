#include "workflow_results/results.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "stream/server_stream.hpp"
#include "workflow_results/v1/results.pb.h"

namespace workflow_results {
namespace {

using std::chrono::milliseconds;

/// Ends calls with one answer well, without a response, and leaves streams without a word.
class Silent : public grpc::CallbackGenericService {
 public:
  /// Returns the id of the last call.
  [[nodiscard]] std::string call_id() const {
    const std::scoped_lock lock{mutex_};
    return call_id_;
  }

 private:
  struct Reactor : grpc::ServerGenericBidiReactor {
    explicit Reactor(bool hangs) : hangs_(hangs) {
      if (!hangs_) Finish(grpc::Status::OK);
    }
    void OnCancel() override {
      if (hangs_) Finish(grpc::Status::CANCELLED);
    }
    void OnDone() override { delete this; }
    bool hangs_;
  };
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const auto found = context->client_metadata().find("x-request-id");
    const std::scoped_lock lock{mutex_};
    if (found != context->client_metadata().end()) call_id_.assign(found->second.data(), found->second.size());
    return new Reactor{context->method().ends_with("/View") || context->method().ends_with("/DepositStream")};
  }

  mutable std::mutex mutex_{};
  std::string call_id_{};
};

class ResultsTest : public testing::Test {
 protected:
  ResultsTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(&silent_);
    server_ = builder.BuildAndStart();
  }

  [[nodiscard]] Results client() const { return Results{{.target = "127.0.0.1:" + std::to_string(port_)}}; }

  Silent silent_{};

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_{};
};

ErrorDetails error_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.details();
  }
  ADD_FAILURE() << "there is no error";
  return {};
}

TEST_F(ResultsTest, AnAnswerWithoutAResponseIsAnError) {
  const auto results = client();
  EXPECT_EQ(error_of([&] { static_cast<void>(results.count("p")); }).code, "INTERNAL");
  EXPECT_TRUE(error_of([&] { results.drop_pipeline("p"); }).outcome_unknown);
}

TEST_F(ResultsTest, AnErrorOfADepositHasTheWorksWithTheirIds) {
  const auto error = error_of([&] { static_cast<void>(client().deposit({{{"pipeline", "p"}}, {{"id", "a"}}})); });
  EXPECT_TRUE(error.outcome_unknown);
  ASSERT_EQ(error.works.size(), 2U);
  EXPECT_EQ(error.works[0].get<std::string>("id")->size(), 24U);
  EXPECT_EQ(error.works[1], (Document{{"id", "a"}}));
}

TEST_F(ResultsTest, ARequestIdNamesTheCall) {
  const auto results = client();
  EXPECT_EQ(error_of([&] { static_cast<void>(results.count("p")); }).code, "INTERNAL");
  EXPECT_EQ(silent_.call_id().size(), 32U);
  EXPECT_EQ(error_of([&] { static_cast<void>(results.lock("p", {"a"}, {.request_id = "mine"})); }).code, "INTERNAL");
  EXPECT_EQ(silent_.call_id(), "mine");
}

TEST_F(ResultsTest, WhatIsStoppedBeforeItBeginsHasChangedNothing) {
  const auto results = client();
  EXPECT_EQ(error_of([&] { static_cast<void>(results.count("p")); }).code, "INTERNAL");  // which reaches the service
  std::stop_source stop;
  stop.request_stop();
  const auto error = error_of([&] { results.drop_pipeline("p", {.stop = stop.get_token()}); });
  EXPECT_EQ(error.kind, ErrorKind::cancelled);
  EXPECT_FALSE(error.outcome_unknown);
  EXPECT_EQ(error_of([&] { static_cast<void>(results.watch({.stop = stop.get_token()})); }).kind, ErrorKind::cancelled);
}

TEST_F(ResultsTest, AClosedClientRefusesAllCalls) {
  const auto results = client();
  results.close();
  results.close();
  EXPECT_EQ(error_of([&] { static_cast<void>(results.count("p")); }).kind, ErrorKind::cancelled);
  EXPECT_EQ(error_of([&] { static_cast<void>(results.view("p").next()); }).kind, ErrorKind::cancelled);
  EXPECT_EQ(error_of([&] { static_cast<void>(results.watch()); }).kind, ErrorKind::cancelled);
  auto depositor = results.depositor();
  const auto receipt = depositor.deposit({{"id", "a"}, {"pipeline", "p"}});
  const auto error = error_of([&] { static_cast<void>(receipt.get()); });
  EXPECT_EQ(error.kind, ErrorKind::cancelled);
  EXPECT_FALSE(error.outcome_unknown);
  EXPECT_THROW(depositor.close(), Error);
}

TEST_F(ResultsTest, AStreamThatIsSilentIsGivenUp) {
  internal::ServerStream stream{client().client(), "View", internal::Deadline::after(std::nullopt), {}};
  v1::ViewResponse response;
  const auto error = error_of([&] {
    static_cast<void>(stream.next(v1::ViewRequest{}, response, internal::Deadline::after(std::nullopt), milliseconds{50}));
  });
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_NE(error.message.find("no data for 0.05 s"), std::string::npos) << error.message;
  EXPECT_FALSE(stream.is_open());
}

TEST_F(ResultsTest, AWatchThatNeverComesIsGivenUp) {
  const Results impatient{{.target = client().target(), .timeout = milliseconds{2'100}}};  // longer than a pause
  const auto error = error_of([&] { static_cast<void>(impatient.watch()); });
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
}

TEST_F(ResultsTest, AReadHasItsTimeout) {
  const auto error = error_of([&] { static_cast<void>(client().view("p", {.timeout = milliseconds{500}}).next()); });
  EXPECT_EQ(error.kind, ErrorKind::deadline_exceeded);
}

TEST_F(ResultsTest, ADepositorWaitsNoLongerThanItsTimeout) {
  auto depositor = client().depositor({.timeout = milliseconds{500}});
  const auto receipt = depositor.deposit({{"id", "a"}, {"pipeline", "p"}});
  const auto error = error_of([&] { depositor.flush(); });
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_NE(error.message.find("nothing for 0.5 s"), std::string::npos) << error.message;
  EXPECT_TRUE(error.outcome_unknown);
  EXPECT_EQ(error.works.size(), 1U);
  EXPECT_THROW(static_cast<void>(receipt.get()), Error);
  EXPECT_THROW(depositor.close(), Error);
}

TEST(Client, ATimeoutOfItIsPatience) {
  const auto with = [](const Timeout& timeout) { return internal::Client{{.target = "here:1", .timeout = timeout}}; };
  EXPECT_EQ(with(std::nullopt).patience(), milliseconds{60'000});
  EXPECT_EQ(with(milliseconds{100}).patience(), milliseconds{100});
  EXPECT_EQ(with(milliseconds{200'000}).patience(), milliseconds{60'000});
  EXPECT_EQ(with(milliseconds{100}).silence(), milliseconds{66'000});
  EXPECT_EQ(with(milliseconds{200'000}).silence(), milliseconds{220'000});
}

TEST(Connections, AFurtherOneIsForMoreThan90Calls) {
  const internal::Resolved settings{.target = "here:1"};
  internal::Connections connections{settings};
  std::vector<internal::Connections::Place> places;
  for (int number = 0; number < 90; ++number) places.push_back(connections.place());
  EXPECT_EQ(&*places.front(), &*places.back());
  EXPECT_NE(&*places.front(), &*connections.place());
  places.pop_back();
  EXPECT_EQ(&*places.front(), &*connections.place());
}

TEST_F(ResultsTest, RequestsAreNoLargerThanOneCallCanHave) {
  const auto results = client();
  const Document large{{"x", std::string(std::size_t{33} << 20U, 'x')}};
  for (const auto& error : {error_of([&] { static_cast<void>(results.count("p", large)); }),
                            error_of([&] { static_cast<void>(results.view("p", {.query = large}).next()); })}) {
    EXPECT_EQ(error.kind, ErrorKind::invalid_request);
    EXPECT_NE(error.message.find("one call can have at most"), std::string::npos);
  }
}

}  // namespace
}  // namespace workflow_results
