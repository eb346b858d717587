#include "transport/call.hpp"

#include <utility>

namespace workflow_results::internal {

Call::Call(Connection& connection, const std::string& method, std::unique_ptr<grpc::ClientContext> context,
           const std::stop_token& stop)
    : context_(std::move(context)),
      call_(connection.stub().PrepareCall(context_.get(), method, &queue_)),
      on_stop_(stop, [this] { cancel(); }) {}

Call::~Call() {
  if (!finished_) {
    cancel();
    static_cast<void>(finish());
  }
  alarm_.Cancel();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

void Call::start() { call_->StartCall(begun(Event::started)); }

void Call::start(const google::protobuf::MessageLite& request) {
  context_->set_initial_metadata_corked(true);  // so that all goes out at once, and nobody is told of the start
  call_->StartCall(nullptr);
  call_->WriteLast(request, grpc::WriteOptions{}, begun(Event::written));
}

void Call::write(const google::protobuf::MessageLite& request) { call_->Write(request, begun(Event::written)); }

void Call::half_close() { call_->WritesDone(begun(Event::written)); }

void Call::read(google::protobuf::MessageLite& response) { call_->Read(&response, begun(Event::read)); }

Call::Happened Call::wait(Clock::time_point until) {
  void* tag = nullptr;
  bool ok = false;
  const auto deadline = until == Clock::time_point::max()
                            ? std::chrono::system_clock::time_point::max()
                            : std::chrono::system_clock::now() +
                                  std::chrono::ceil<std::chrono::system_clock::duration>(until - Clock::now());
  if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) return {};
  if (tag == &is_waking_) {
    is_waking_ = false;
    return {Event::woken, ok};
  }
  const auto index = static_cast<std::size_t>(static_cast<bool*>(tag) - under_way_.data());
  under_way_.at(index) = false;
  return {static_cast<Event>(index), ok};
}

std::optional<bool> Call::wait_for_response(Clock::time_point until) {
  for (;;) {
    const auto happened = wait(until);
    if (happened.event == Event::late) return std::nullopt;
    if (happened.event == Event::read) return happened.ok;
  }
}

grpc::Status Call::finish() {
  grpc::Status status;
  call_->Finish(&status, begun(Event::ended));
  while (wait(Clock::time_point::max()).event != Event::ended) {
  }
  finished_ = true;
  return status;
}

void Call::wake() {
  if (!is_waking_.exchange(true)) alarm_.Set(&queue_, std::chrono::system_clock::now(), &is_waking_);
}

void* Call::begun(Event event) {
  auto& flag = under_way_.at(static_cast<std::size_t>(event));
  flag = true;
  return &flag;
}

}  // namespace workflow_results::internal
