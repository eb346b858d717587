#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "transport/connection.hpp"
#include "transport/deadline.hpp"

namespace workflow_results::internal {

/// One call of any kind: requests go out, responses come in, and whoever waits has a limit for that.
///
/// It belongs to one thread; `cancel` and `wake` may come from any. Its destruction ends the call.
class Call {
 public:
  /// What has come of waiting.
  enum class Event : std::uint8_t { started, written, read, ended, woken, late };

  /// An event, and whether it went well.
  struct Happened {
    Event event = Event::late;
    bool ok = false;
  };

  /// @param context What the call is sent with.
  /// @param stop Cancels it.
  Call(Connection& connection, const std::string& method, std::unique_ptr<grpc::ClientContext> context,
       const std::stop_token& stop);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  /// Begins a call with many requests.
  void start();
  /// Begins a call with one request, which is sent along.
  void start(const google::protobuf::MessageLite& request);
  /// Sends a further request, once `started` or `written` has told that the one before is gone.
  void write(const google::protobuf::MessageLite& request);
  /// Says that there are no further requests.
  void half_close();
  /// Asks for a response, which must exist until `read` has told that it is there.
  void read(google::protobuf::MessageLite& response);
  /// Waits for what comes next.
  [[nodiscard]] Happened wait(Clock::time_point until);
  /// Waits for a response, and returns whether there is one; none where it is late.
  [[nodiscard]] std::optional<bool> wait_for_response(Clock::time_point until);
  /// Waits for the status, once all responses were read or the call was cancelled.
  [[nodiscard]] grpc::Status finish();
  /// Ends it.
  void cancel() noexcept { context_->TryCancel(); }
  /// Makes `wait` return.
  void wake();

 private:
  static constexpr std::size_t kEvents = 5;

  /// Returns the tag of an event; nothing may be under way that has the same one.
  [[nodiscard]] void* begun(Event event);

  std::unique_ptr<grpc::ClientContext> context_;
  grpc::CompletionQueue queue_{};
  grpc::Alarm alarm_{};
  std::unique_ptr<grpc::ClientAsyncReaderWriter<google::protobuf::MessageLite, google::protobuf::MessageLite>> call_;
  std::array<bool, kEvents> under_way_{};
  std::atomic<bool> is_waking_{false};
  bool finished_ = false;
  std::stop_callback<std::function<void()>> on_stop_;
};

}  // namespace workflow_results::internal
