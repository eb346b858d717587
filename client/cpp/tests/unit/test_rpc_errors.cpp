#include <gtest/gtest.h>

#include "details.pb.h"
#include "transport/rpc_errors.hpp"

namespace workflow_results::internal {
namespace {

/// Makes a status as the service does.
grpc::Status said(grpc::StatusCode code, const std::string& domain = "workflow-results", const std::string& outcome = "") {
  client::RpcStatus status;
  client::ErrorInfo info;
  info.set_reason("OVERLOADED");
  info.set_domain(domain);
  (*info.mutable_metadata())["call_id"] = "call";
  if (!outcome.empty()) (*info.mutable_metadata())["outcome"] = outcome;
  client::BadRequest fields;
  fields.add_field_violations()->set_field("works[0].id");
  client::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(250'000'000);
  const auto add = [&status](const char* type, const google::protobuf::MessageLite& detail) {
    auto& any = *status.add_details();
    any.set_type_url(std::string{"type.googleapis.com/google.rpc."} + type);
    any.set_value(detail.SerializeAsString());
  };
  add("ErrorInfo", info);
  add("BadRequest", fields);
  add("RetryInfo", retry);
  return {code, "as told", status.SerializeAsString()};
}

ErrorDetails of(const grpc::Status& status, std::string_view method = "Deposit") {
  return explained(status, {.method = method, .target = "here:1", .timeout = std::chrono::milliseconds{1500}});
}

TEST(RpcErrors, HaveWhatTheServiceSays) {
  const auto error = of(said(grpc::StatusCode::UNAVAILABLE));
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.reason, "OVERLOADED");
  EXPECT_EQ(error.call_id, "call");
  EXPECT_EQ(error.fields, std::vector<std::string>{"works[0].id"});
  EXPECT_EQ(error.retry_delay.count(), 250);
  EXPECT_EQ(error.code, "UNAVAILABLE");
  EXPECT_TRUE(error.outcome_unknown);
}

TEST(RpcErrors, IgnoreWhatOthersSay) {
  const auto error = of(said(grpc::StatusCode::UNAVAILABLE, "a.proxy"));
  EXPECT_EQ(error.reason, "");
  EXPECT_EQ(error.retry_delay.count(), 0);
  EXPECT_EQ(of({grpc::StatusCode::INTERNAL, "told", "no message"}).reason, "");
}

TEST(RpcErrors, TellWhetherTheOutcomeIsUnknown) {
  EXPECT_FALSE(of(said(grpc::StatusCode::UNAVAILABLE, "workflow-results", "NOT_APPLIED")).outcome_unknown);
  EXPECT_FALSE(of({grpc::StatusCode::INVALID_ARGUMENT, ""}).outcome_unknown);
  EXPECT_FALSE(of({grpc::StatusCode::UNAVAILABLE, ""}, "View").outcome_unknown);
  EXPECT_FALSE(of({grpc::StatusCode::UNAVAILABLE, "Received RST_STREAM with error code 7"}).outcome_unknown);
  EXPECT_TRUE(of({grpc::StatusCode::DATA_LOSS, ""}).outcome_unknown);
}

TEST(RpcErrors, AStreamThatAProxyResetsIsUnavailable) {
  const auto error = of({grpc::StatusCode::INTERNAL, "Received RST_STREAM with error code 2"});
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.code, "UNAVAILABLE");
  EXPECT_TRUE(error.outcome_unknown);
  EXPECT_EQ(of({grpc::StatusCode::INTERNAL, "told"}).kind, ErrorKind::other);
}

TEST(RpcErrors, WordWhatGrpcDoesNot) {
  EXPECT_EQ(of({grpc::StatusCode::DEADLINE_EXCEEDED, ""}).message, "Deposit at here:1 took longer than its timeout of 1.5 s");
  EXPECT_NE(of({grpc::StatusCode::UNIMPLEMENTED, ""}).message.find("does not offer Deposit"), std::string::npos);
  EXPECT_EQ(of({grpc::StatusCode::CANCELLED, "gone"}).message, "the connection to here:1 failed: gone");
  EXPECT_EQ(name_of(grpc::StatusCode::UNAUTHENTICATED), "UNAUTHENTICATED");
}

}  // namespace
}  // namespace workflow_results::internal
