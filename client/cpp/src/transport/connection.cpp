#include "transport/connection.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>

namespace workflow_results::internal {

namespace {

constexpr int kMebibyte = 1 << 20;
constexpr std::size_t kMostCalls = 90;  // fewer than the 100 of a server, which counts calls longer than its clients

std::shared_ptr<grpc::ChannelCredentials> shown(const Credentials& credentials) {
  if (!credentials.secure) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = credentials.authorities,
                               .pem_private_key = credentials.key,
                               .pem_cert_chain = credentials.certificate});
}

grpc::ChannelArguments options(const std::string& target, bool further) {
  grpc::ChannelArguments given;
  given.SetMaxSendMessageSize(32 * kMebibyte);
  given.SetMaxReceiveMessageSize(17 * kMebibyte);
  // A name with several addresses is several servers: calls go to each in turn, and to those that are left.
  given.SetServiceConfigJSON(R"({"loadBalancingConfig": [{"round_robin": {}}]})");
  // What comes next is received while a batch is decoded.
  given.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 2 * kMebibyte);
  // A connection that broke without a word is noticed within a minute, also between calls and under a long scan.
  given.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  given.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  given.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  given.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // A server that comes back is found within two seconds.
  given.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  given.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  given.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  // Each channel has connections of its own, so that a further one has room for further calls.
  given.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Retries are ours: gRPC's own silently end at 256 KiB and after five attempts.
  given.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  if (further) given.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, 60'000);
  if (is_loopback(target)) given.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // which gRPC would use even within a machine
  return given;
}

}  // namespace

Connection::Connection(const Resolved& settings, bool further)
    : channel_(grpc::CreateCustomChannel(settings.target, shown(settings.credentials), options(settings.target, further))),
      stub_(channel_) {}

Connections::Place Connections::place() {
  const std::scoped_lock lock{mutex_};
  auto found = std::ranges::find_if(connections_, [](const auto& each) { return each->calls < kMostCalls; });
  if (found == connections_.end()) {
    connections_.push_back(std::make_unique<Connection>(settings_, !connections_.empty()));
    found = std::prev(connections_.end());
  }
  ++(*found)->calls;
  return {found->get(), [this](Connection* connection) {
            const std::scoped_lock left{mutex_};
            --connection->calls;
          }};
}

}  // namespace workflow_results::internal
