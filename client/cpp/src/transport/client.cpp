#include "transport/client.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "calls/attempts.hpp"
#include "transport/rpc_errors.hpp"

namespace workflow_results::internal {

namespace {

constexpr Milliseconds kDefaultTimeout{15'000};
constexpr Milliseconds kPatience{60'000};  // as long as a server takes for the next batch, by default
constexpr std::size_t kRequestIdLength = 64;
constexpr std::size_t kMostBytes = std::size_t{32} << 20;

/// Returns a random id that names a call in the log of the server.
std::string new_call_id() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id(32, '0');
  std::ranges::generate(id, [&] { return kDigits[generator() % kDigits.size()]; });
  return id;
}

/// Checks how a caller has named a request, which also goes out as a header.
void check(const std::string& request_id) {
  const bool is_visible = std::ranges::all_of(request_id, [](char each) { return each > ' ' && each < '\x7f'; });
  if (is_visible && request_id.size() <= kRequestIdLength) return;
  throw Error{{.kind = ErrorKind::invalid_request,
               .message = "request_id must be up to 64 visible ASCII characters",
               .code = "INVALID_ARGUMENT",
               .fields = {"request_id"}}};
}

}  // namespace

Client::Client(Resolved settings) : settings_(std::move(settings)), unary_(settings_), streams_(settings_) {}

Deadline Client::deadline(const Timeout& timeout) const {
  const auto chosen = timeout ? checked(timeout) : settings_.timeout;
  return Deadline::after(chosen.value_or(kDefaultTimeout));
}

Milliseconds Client::patience() const { return std::min(settings_.timeout.value_or(kPatience), kPatience); }

Milliseconds Client::silence() const {
  // A tenth longer: a server with the same limit is to say what takes so long.
  return std::max(settings_.timeout.value_or(kPatience), kPatience) * 11 / 10;
}

std::unique_ptr<grpc::ClientContext> Client::context(const Deadline& deadline, bool wait_for_ready,
                                                     const std::string& request_id) const {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(deadline.for_grpc());
  context->set_wait_for_ready(wait_for_ready);
  context->AddMetadata("x-request-id", request_id.empty() ? new_call_id() : request_id);
  const auto& token = settings_.credentials.token;
  if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
  return context;
}

std::unique_ptr<Call> Client::call(Connection& connection, std::string_view method,
                                   std::unique_ptr<grpc::ClientContext> context, const Stop& stop) {
  return std::make_unique<Call>(connection, "/workflow_results.v1.ResultsService/" + std::string{method},
                                std::move(context), stop.token());
}

void Client::check_size(const google::protobuf::MessageLite& request) {
  if (const auto size = request.ByteSizeLong(); size > kMostBytes) {
    throw Error::invalid("the request has " + std::to_string(size) + " bytes; one call can have at most " +
                         std::to_string(kMostBytes) + ": make several calls");
  }
}

void Client::unary(std::string_view method, const google::protobuf::MessageLite& request,
                   google::protobuf::MessageLite& response, const Deadline& deadline, const std::stop_token& stop,
                   const std::string& request_id) {
  check(request_id);
  check_size(request);
  const bool once = needs_request_id(method) && request_id.empty();
  const Stop stopping{stop, closing()};
  Attempts attempts{once ? kOnce : kIdempotent};
  for (;;) {
    ErrorDetails error;
    try {
      attempt(method, request, response, deadline, stopping, once, request_id);
      return;
    } catch (const Error& failed) {
      error = failed.details();
    }
    const auto pause = attempts.pause_after(error, deadline.left());
    if (!pause) throw Error{error};
    stopping.pause(*pause);
  }
}

void Client::attempt(std::string_view method, const google::protobuf::MessageLite& request,
                     google::protobuf::MessageLite& response, const Deadline& deadline, const Stop& stop, bool once,
                     const std::string& request_id) {
  const auto place = unary_.place();
  ensure_reachable(*place, deadline, stop, once);
  const auto begun = call(*place, method, context(deadline, once, request_id), stop);
  begun->start(request);
  begun->read(response);
  const auto is_there = begun->wait_for_response(Clock::time_point::max());  // the deadline of the call ends this, too
  auto status = begun->finish();
  if (status.ok() && is_there != true) status = {grpc::StatusCode::INTERNAL, "there is no response"};
  if (!status.ok()) throw failure(status, method, deadline, *place, stop);
}

Error Client::failure(const grpc::Status& status, std::string_view method, const Deadline& deadline,
                      Connection& connection, const Stop& stop) const {
  auto error = explained(status, {.method = method, .target = target(), .timeout = deadline.time()});
  if (stop.requested()) return Error{stopped(method, error.outcome_unknown)};
  if (error.kind == ErrorKind::unavailable && error.reason.empty()) connection.reachable = false;
  return Error{std::move(error)};
}

}  // namespace workflow_results::internal
