#pragma once

#include <google/protobuf/message_lite.h>

#include <memory>
#include <optional>
#include <string>

#include "transport/client.hpp"

namespace workflow_results::internal {

/// The responses of a method, on one call after another: it opens a call where there is none, and knows nothing of retries.
class ServerStream {
 public:
  ServerStream(std::shared_ptr<Client> client, std::string method, const Deadline& deadline,
               const std::stop_token& stop);

  /// Waits for the next response.
  /// @param request What to send where no call is open.
  /// @param connect When the service must be reached.
  /// @param silence How long to wait for the response; none for no limit but the deadline.
  /// @returns Whether there is one; false at the end.
  /// @throws Error The call failed.
  [[nodiscard]] bool next(const google::protobuf::MessageLite& request, google::protobuf::MessageLite& response,
                          const Deadline& connect, std::optional<Milliseconds> silence);

  /// Returns whether a call is open.
  [[nodiscard]] bool is_open() const noexcept { return call_ != nullptr; }
  /// Ends the call.
  void close() noexcept { call_.reset(); }
  /// Gives the call a moment to end by itself, since all has arrived, and its place up.
  void settle();

  [[nodiscard]] Stop& stop() noexcept { return stop_; }                          ///< Whether it is to stop.
  [[nodiscard]] const Deadline& deadline() const noexcept { return deadline_; }  ///< When it must have ended.
  [[nodiscard]] Client& client() const noexcept { return *client_; }             ///< What it is of.

 private:
  std::shared_ptr<Client> client_;
  std::string method_;
  Deadline deadline_;
  Stop stop_;
  Connections::Place place_{};
  std::unique_ptr<Call> call_{};
};

}  // namespace workflow_results::internal
