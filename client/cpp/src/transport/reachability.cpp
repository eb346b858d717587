// Whether the service answers, and why it does not.

#include <google/protobuf/empty.pb.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "calls/attempts.hpp"
#include "transport/client.hpp"
#include "transport/rpc_errors.hpp"

namespace workflow_results::internal {

namespace {

constexpr const char* kHealthCheck = "/grpc.health.v1.Health/Check";
constexpr Milliseconds kLook{1'000};    // how long one look for the service takes
constexpr Milliseconds kGlance{100};    // how long to ask why there is no connection, which gRPC knows at once or not at all

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char each) { return std::tolower(each); });
  return text;
}

bool has_any(const std::string& text, std::initializer_list<const char*> parts) {
  return std::ranges::any_of(parts, [&text](const char* part) { return text.find(part) != std::string::npos; });
}

/// Words what is wrong with TLS where a connection failed for it; empty if TLS is not the problem, or gRPC does not say.
std::string handshake_hint(const std::string& told) {
  const auto text = lower(told);
  const char* hint = nullptr;
  if (has_any(text, {"certificate_verify_failed"})) {
    hint = "the server's certificate is not trusted: it may have expired, or ca_file (WORKFLOW_RESULTS_CA_FILE) is not its"
           " authority";
  } else if (has_any(text, {"hostname verification", "not in peer certificate"})) {
    hint = "the server's certificate is for another name: use a name that is in its certificate";
  } else if (has_any(text, {"wrong_version_number", "http_request"})) {
    hint = "the server uses plain text: omit tls, ca_file, cert_file and key_file";
  }
  return hint == nullptr ? std::string{} : std::string{hint} + ". gRPC reports: " + told;
}

/// Words what may be wrong where the other side has closed a new connection without a word, as TLS does.
std::string closing_hint(const std::string& told, bool secure) {
  if (!has_any(lower(told), {"socket closed", "connection reset", "alert", "broken pipe", "eof"})) return {};
  if (secure) {
    return " Or does it require a client certificate that has not expired, from an authority that it trusts (cert_file and"
           " key_file; WORKFLOW_RESULTS_CERT_FILE and WORKFLOW_RESULTS_KEY_FILE)?";
  }
  return " Or does it require TLS? Then set ca_file (WORKFLOW_RESULTS_CA_FILE) to the authority of its certificate, or tls"
         " to true if that is a well-known one.";
}

int helpfulness(const std::string& told, bool secure) {
  return (secure && !handshake_hint(told).empty() ? 2 : 0) + (closing_hint(told, secure).empty() ? 0 : 1);
}

}  // namespace

void Client::ensure_reachable(Connection& connection, const Deadline& deadline, const Stop& stop, bool certainly) {
  if (stop.requested()) throw Error{stopped("a call to " + target(), false)};
  if (connection.reachable && !certainly) return;
  Attempts attempts{kIdempotent};
  const auto most = [&deadline](Milliseconds time) { return std::min(time, deadline.left().value_or(time)); };
  for (;;) {
    // A call that does not wait gets the reason of the last failure, one that waits goes out with the next connection.
    if (answers(connection, most(kLook), stop, false)) return;
    auto nothing = unavailable("");
    const auto pause = attempts.pause_after(nothing, std::nullopt).value_or(kLook);
    if (answers(connection, most(std::min(pause, kLook)), stop, true)) return;
    if (const auto left = deadline.left(); left && pause >= *left) break;
    stop.pause(pause);
  }
  if (!answers(connection, kGlance, stop, false)) throw out_of_reach(deadline);
}

bool Client::answers(Connection& connection, Milliseconds time, const Stop& stop, bool wait_for_ready) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(Deadline::after(std::max(time, Milliseconds{1})).for_grpc());
  context->set_wait_for_ready(wait_for_ready);
  Call call{connection, kHealthCheck, std::move(context), stop.token()};
  google::protobuf::Empty message;
  call.start(message);
  call.read(message);
  static_cast<void>(call.wait_for_response(Clock::time_point::max()));
  const auto status = call.finish();
  if (stop.requested()) throw Error{stopped("a call to " + target(), false)};
  const bool there = status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED &&
                     status.error_code() != grpc::StatusCode::UNAVAILABLE;
  const std::scoped_lock lock{mutex_};
  if (there) {
    told_.clear();
    was_reached_ = true;
    connection.reachable = true;
  } else if (status.error_code() == grpc::StatusCode::UNAVAILABLE &&
             helpfulness(status.error_message(), settings_.credentials.secure) >=
                 helpfulness(told_, settings_.credentials.secure)) {
    told_ = status.error_message();
  }
  return there;
}

Error Client::out_of_reach(const Deadline& deadline) {
  const std::scoped_lock lock{mutex_};
  const bool secure = settings_.credentials.secure;
  const auto within = " within " + in_seconds(deadline.time().value_or(Milliseconds{0}));
  if (const auto hint = secure ? handshake_hint(told_) : std::string{}; !hint.empty()) {
    return Error{unavailable("no connection to " + target() + within + ": " + hint)};
  }
  return Error{unavailable("nothing answers" + std::string{was_reached_ ? " any more" : ""} + " at " + target() + within +
                           ": is the server running there (workflow-results serve), and is this its address"
                           " (WORKFLOW_RESULTS_TARGET)?" +
                           (was_reached_ ? std::string{} : closing_hint(told_, secure)))};
}

}  // namespace workflow_results::internal
