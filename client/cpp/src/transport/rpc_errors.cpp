#include "transport/rpc_errors.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "calls/attempts.hpp"
#include "details.pb.h"

namespace workflow_results::internal {

namespace {

constexpr std::string_view kDomain = "workflow-results";
constexpr std::chrono::milliseconds kLongestRetryDelay{60'000};  // however long a server asks for
// How gRPC tells of a call that was over the server's limit for a connection, and so not even looked at (RFC 9113, 8.7).
constexpr std::string_view kRefusedStream = "RST_STREAM with error code 7";
// How it tells, with the status INTERNAL, of a stream that was reset, as proxies do that have lost the service.
constexpr std::string_view kReset = "RST_STREAM";
constexpr std::array<std::string_view, 17> kNames{
    "OK",        "CANCELLED",     "UNKNOWN",           "INVALID_ARGUMENT",    "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",   "OUT_OF_RANGE",
    "UNIMPLEMENTED",  "INTERNAL",          "UNAVAILABLE",        "DATA_LOSS",           "UNAUTHENTICATED"};

/// What the service has said besides the status.
struct Said {
  client::ErrorInfo info{};
  client::BadRequest fields{};
  std::chrono::milliseconds retry_delay{0};
};

std::string type_of(const google::protobuf::Any& detail) {
  return detail.type_url().substr(detail.type_url().rfind('/') + 1);
}

Said said_in(const std::string& details) {
  client::RpcStatus status;
  Said said;
  if (!status.ParseFromString(details)) return said;
  for (const auto& detail : status.details()) {
    const auto type = type_of(detail);
    client::RetryInfo retry;
    if (type == "google.rpc.ErrorInfo") said.info.ParseFromString(detail.value());
    if (type == "google.rpc.BadRequest") said.fields.ParseFromString(detail.value());
    if (type == "google.rpc.RetryInfo" && retry.ParseFromString(detail.value())) {
      const std::chrono::duration<double> delay{static_cast<double>(retry.retry_delay().seconds()) +
                                                retry.retry_delay().nanos() / 1e9};
      said.retry_delay = std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(std::min(delay, decltype(delay){60})),
                                    std::chrono::milliseconds{0}, kLongestRetryDelay);
    }
  }
  return said.info.domain() == kDomain ? said : Said{};  // others are of a proxy, say
}

ErrorKind kind_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::FAILED_PRECONDITION: return ErrorKind::invalid_request;
    case grpc::StatusCode::UNAUTHENTICATED: return ErrorKind::unauthenticated;
    case grpc::StatusCode::PERMISSION_DENIED: return ErrorKind::permission_denied;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::CANCELLED: return ErrorKind::unavailable;  // not by us: who stops calls is told otherwise
    case grpc::StatusCode::DEADLINE_EXCEEDED: return ErrorKind::deadline_exceeded;
    default: return ErrorKind::other;
  }
}

bool is_refusal(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return true;
    default: return status.error_message().find(kRefusedStream) != std::string::npos;
  }
}

std::string message_for(const grpc::Status& status, const CallInfo& call, ErrorKind kind, const std::string& reason) {
  const auto& told = status.error_message();
  const auto where = std::string{call.method} + " at " + std::string{call.target};
  if (!reason.empty()) {
    const bool of_request = kind == ErrorKind::invalid_request || kind == ErrorKind::permission_denied;
    const auto* hint = reason == "TOKEN_MISSING" ? " (Settings::token or WORKFLOW_RESULTS_TOKEN)" : "";
    return (of_request ? told : where + ": " + told) + hint;
  }
  if (kind == ErrorKind::deadline_exceeded) {
    return where + " took longer than " +
           (call.timeout ? "its timeout of " + in_seconds(*call.timeout) : "the time limit of a proxy");
  }
  if (kind == ErrorKind::unavailable) return "the connection to " + std::string{call.target} + " failed: " + told;
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    return std::string{call.target} + " does not offer " + std::string{call.method} +
           ": is it a Workflow Results server, and not older than this client?";
  }
  return where + " failed with " + std::string{name_of(status.error_code())} + ": " + told;
}

}  // namespace

ErrorDetails explained(const grpc::Status& status, const CallInfo& call) {
  const auto said = said_in(status.error_details());
  const bool reset = status.error_code() == grpc::StatusCode::INTERNAL && said.info.reason().empty() &&
                     status.error_message().find(kReset) != std::string::npos;
  const auto code = reset ? grpc::StatusCode::UNAVAILABLE : status.error_code();
  const auto& metadata = said.info.metadata();
  const auto value = [&metadata](const char* name) {
    const auto found = metadata.find(name);
    return found == metadata.end() ? std::string{} : found->second;
  };
  ErrorDetails error;
  error.kind = kind_of(code);
  error.message = message_for(status, call, error.kind, said.info.reason());
  error.code = name_of(code);
  error.reason = said.info.reason();
  for (const auto& each : said.fields.field_violations()) error.fields.push_back(each.field());
  error.call_id = value("call_id");
  error.retry_delay = said.retry_delay;
  error.outcome_unknown = changes(call.method) && !is_refusal(status) && value("outcome") != "NOT_APPLIED";
  return error;
}

ErrorDetails stopped(std::string_view method, bool outcome_unknown) {
  return {.kind = ErrorKind::cancelled,
          .message = std::string{method} + " was stopped: by its caller, or since the client was closed",
          .code = "CANCELLED",
          .outcome_unknown = outcome_unknown};
}

ErrorDetails unavailable(const std::string& message) {
  return {.kind = ErrorKind::unavailable, .message = message, .code = "UNAVAILABLE"};
}

std::string_view name_of(grpc::StatusCode code) noexcept {
  const auto number = static_cast<std::size_t>(code);
  return number < kNames.size() ? kNames.at(number) : "UNKNOWN";
}

std::string in_seconds(std::chrono::milliseconds time) {
  std::ostringstream text;
  text << std::chrono::duration<double>{time}.count() << " s";
  return text.str();
}

}  // namespace workflow_results::internal
