#pragma once

#include <google/protobuf/message_lite.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "calls/attempts.hpp"
#include "workflow_results/v1/results.pb.h"

namespace workflow_results::internal {

/// A request for results, and what is to be known of its method.
struct ReadRequest {
  std::string method;                                              ///< The name of the method.
  std::unique_ptr<google::protobuf::MessageLite> request;          ///< The request.
  std::unique_ptr<google::protobuf::MessageLite> response;         ///< What its responses are read into.
  v1::ResultPart* (*part)(google::protobuf::MessageLite&);         ///< Returns the part in a response.
  void (*resume)(google::protobuf::MessageLite&, const std::string&);  ///< Sets the resume token; null if there is none.
};

/// Makes one of a request.
template <class Response, class Request>
[[nodiscard]] ReadRequest read_request(const char* method, Request request) {
  ReadRequest made{.method = method,
                   .request = std::make_unique<Request>(std::move(request)),
                   .response = std::make_unique<Response>(),
                   .part = [](google::protobuf::MessageLite& response) {
                     return static_cast<Response&>(response).mutable_part();
                   },
                   .resume = nullptr};
  if constexpr (requires(Request& each) { each.set_resume_token(std::string{}); }) {
    made.resume = [](google::protobuf::MessageLite& each, const std::string& token) {
      static_cast<Request&>(each).set_resume_token(token);
    };
  }
  return made;
}

/// A read on its way through one stream after another, nothing missing and nothing twice; without a clock.
class Reading {
 public:
  /// @param read What to read; its resume token moves on with what arrives.
  /// @param target The target, for errors.
  Reading(ReadRequest read, const std::string& target);

  /// Returns the request for the next stream.
  [[nodiscard]] const ReadRequest& read() const noexcept { return read_; }
  /// Returns whether all has arrived, so that it does not matter how the stream ends.
  [[nodiscard]] bool complete() const noexcept { return complete_; }

  /// Notes that a stream begins.
  void begin();

  /// Notes the response that has arrived, and returns the BSON documents in it, back to back; those of a stream that can't
  /// be resumed are kept until all have arrived.
  /// @throws Error Documents are missing, or no documents.
  [[nodiscard]] std::string take();

  /// Notes that the stream has ended. @throws Error Before all had arrived.
  void end() const;

  /// Decides what follows a stream that failed, as `Attempts::pause_after` does.
  [[nodiscard]] std::optional<std::chrono::milliseconds> pause_after(ErrorDetails& error,
                                                                     std::optional<std::chrono::milliseconds> left) {
    return attempts_.pause_after(error, left);
  }

 private:
  ReadRequest read_;
  std::string what_;
  Attempts attempts_{kIdempotent};
  std::int64_t count_ = 0;
  bool complete_ = false;
  std::string kept_{};  // what has arrived of a stream that begins anew where it breaks
};

}  // namespace workflow_results::internal
