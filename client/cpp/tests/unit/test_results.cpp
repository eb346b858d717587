#include "workflow_results/results.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

namespace workflow_results {
namespace {

/// Ends each call well, and without a response.
class Silent : public grpc::CallbackGenericService {
  struct Reactor : grpc::ServerGenericBidiReactor {
    Reactor() { Finish(grpc::Status::OK); }
    void OnDone() override { delete this; }
  };
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* /*context*/) override {
    return new Reactor;
  }
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

 private:
  Silent silent_{};
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
