#include "stream/server_stream.hpp"

#include <google/protobuf/empty.pb.h>

#include <utility>

#include "transport/rpc_errors.hpp"

namespace workflow_results::internal {

namespace {

constexpr Milliseconds kMoment{1'000};

}  // namespace

ServerStream::ServerStream(std::shared_ptr<Client> client, std::string method, const Deadline& deadline,
                           const std::stop_token& stop)
    : client_(std::move(client)), method_(std::move(method)), deadline_(deadline), stop_(stop, client_->closing()) {}

bool ServerStream::next(const google::protobuf::MessageLite& request, google::protobuf::MessageLite& response,
                        const Deadline& connect, std::optional<Milliseconds> silence) {
  if (!call_) {
    Client::check_size(request);
    if (!place_) place_ = client_->stream_place();
    client_->ensure_reachable(*place_, connect, stop_);
    call_ = Client::call(*place_, method_, client_->context(deadline_), stop_);
    call_->start(request);
  }
  call_->read(response);
  const auto is_there = call_->wait_for_response(Deadline::after(silence).at());
  if (is_there == true) return true;
  if (!is_there) {
    call_.reset();
    place_->reachable = false;
    throw Error{unavailable(method_ + " at " + client_->target() + ": no data for " + in_seconds(*silence))};
  }
  const auto status = call_->finish();
  call_.reset();
  if (!status.ok()) throw client_->failure(status, method_, deadline_, *place_, stop_);
  return false;
}

void ServerStream::settle() {
  google::protobuf::Empty rest;
  call_->read(rest);
  if (call_->wait_for_response(Clock::now() + kMoment) == false) static_cast<void>(call_->finish());
  call_.reset();
  place_.reset();
}

}  // namespace workflow_results::internal
