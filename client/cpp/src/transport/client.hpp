#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "transport/call.hpp"
#include "transport/connection.hpp"
#include "transport/deadline.hpp"
#include "transport/settings.hpp"
#include "transport/stop.hpp"
#include "workflow_results/error.hpp"

namespace workflow_results::internal {

/// What a client stands on: its settings and its connections.
class Client {
 public:
  explicit Client(Resolved settings);

  /// Returns the target.
  [[nodiscard]] const std::string& target() const noexcept { return settings_.target; }
  /// Returns what tells that the client is closed.
  [[nodiscard]] std::stop_token closing() const noexcept { return closing_.get_token(); }
  /// Ends all calls.
  void close() noexcept { closing_.request_stop(); }

  /// Returns the deadline of a call with one answer.
  [[nodiscard]] Deadline deadline(const Timeout& timeout) const;
  /// Returns the time without progress after which a stream that has broken fails.
  [[nodiscard]] Milliseconds patience() const;
  /// Returns the time without a word of the service after which a read without a timeout has failed.
  [[nodiscard]] Milliseconds silence() const;

  /// Calls a method with one answer, as often as it takes: the one way for all of them.
  /// @param request_id How the caller has named the request; may be empty.
  /// @throws Error It failed.
  void unary(std::string_view method, const google::protobuf::MessageLite& request,
             google::protobuf::MessageLite& response, const Deadline& deadline, const std::stop_token& stop,
             const std::string& request_id = {});

  /// Finds room for a stream.
  [[nodiscard]] Connections::Place stream_place() { return streams_.place(); }

  /// Returns what a call is sent with.
  [[nodiscard]] std::unique_ptr<grpc::ClientContext> context(const Deadline& deadline, bool wait_for_ready = false,
                                                             const std::string& request_id = {}) const;

  /// Refuses a request that is larger than one call can have.
  /// @throws Error It is.
  static void check_size(const google::protobuf::MessageLite& request);

  /// Makes a call; nothing is sent yet.
  [[nodiscard]] static std::unique_ptr<Call> call(Connection& connection, std::string_view method,
                                                  std::unique_ptr<grpc::ClientContext> context, const Stop& stop);

  /// Waits until the service answers.
  /// @param certainly Whether to look even if it is known to answer.
  /// @throws Error It has not, and nothing was sent.
  void ensure_reachable(Connection& connection, const Deadline& deadline, const Stop& stop, bool certainly = false);

  /// Returns the error of a call that has failed, and notes where the service is gone.
  [[nodiscard]] Error failure(const grpc::Status& status, std::string_view method, const Deadline& deadline,
                              Connection& connection, const Stop& stop) const;

 private:
  void attempt(std::string_view method, const google::protobuf::MessageLite& request,
               google::protobuf::MessageLite& response, const Deadline& deadline, const Stop& stop, bool once,
               const std::string& request_id);
  [[nodiscard]] bool answers(Connection& connection, Milliseconds time, const Stop& stop, bool wait_for_ready);
  [[nodiscard]] Error out_of_reach(const Deadline& deadline);

  Resolved settings_;
  std::stop_source closing_{};
  Connections unary_;
  Connections streams_;  // apart, so that calls with one answer wait for nobody who is slow to read
  std::mutex mutex_{};
  std::string told_{};      // what was reported of connections that failed: the most helpful part
  bool was_reached_ = false;
};

}  // namespace workflow_results::internal
