#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "transport/settings.hpp"

namespace workflow_results::internal {

/// Calls methods by their names, with any message: one way for all methods.
using Stub = grpc::TemplatedGenericStub<google::protobuf::MessageLite, google::protobuf::MessageLite>;

/// A connection to the service, which is made with its first call and again when it is lost.
class Connection {
 public:
  /// @param further Whether it is one that is only needed while others are full.
  Connection(const Resolved& settings, bool further);

  /// Returns what calls methods over it.
  [[nodiscard]] Stub& stub() noexcept { return stub_; }
  /// Returns the channel of gRPC.
  [[nodiscard]] const std::shared_ptr<grpc::Channel>& channel() const noexcept { return channel_; }

  std::atomic<bool> reachable{false};  ///< Whether the service is known to answer: until a call finds it gone.
  std::size_t calls = 0;               ///< How many have a place on it.

 private:
  std::shared_ptr<grpc::Channel> channel_;
  Stub stub_;
};

/// The connections for one kind of calls: a further one is opened where 90 calls are under way on each.
class Connections {
 public:
  /// Room for one call on a connection, for as long as it exists.
  using Place = std::shared_ptr<Connection>;

  explicit Connections(const Resolved& settings) : settings_(settings) {}

  /// Finds room for a call.
  [[nodiscard]] Place place();

 private:
  const Resolved& settings_;
  std::mutex mutex_{};
  std::vector<std::unique_ptr<Connection>> connections_{};
};

}  // namespace workflow_results::internal
