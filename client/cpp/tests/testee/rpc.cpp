// Calls without the facade: bytes go over its connection as they are.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "testee/testee.hpp"
#include "transport/client.hpp"
#include "transport/rpc_errors.hpp"

namespace testee {

namespace {

using workflow_results::internal::explained;

/// Waits for what was begun, and returns whether it went well.
bool wait(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

grpc::ByteBuffer buffer(const std::string& bytes) {
  const grpc::Slice slice{bytes};
  return {&slice, 1};
}

std::string bytes(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  static_cast<void>(buffer.DumpToSingleSlice(&slice));
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

Document rpc(Session& session, const Command& command) {
  const auto client = session.client(command.get<std::string>("client")).client();
  const auto method = command.get<std::string>("method");
  const auto deadline = client->deadline(command.timeout());
  auto requests = command.strings("requests");
  if (requests.empty()) requests.push_back(command.get<std::string>("request"));
  const auto place = client->stream_place();
  grpc::CompletionQueue queue;
  const auto context = client->context(deadline, true);
  const auto call = grpc::GenericStub{place->channel()}.PrepareCall(
      context.get(), "/workflow_results.v1.ResultsService/" + method, &queue);
  call->StartCall(nullptr);
  bool ok = wait(queue);
  for (const auto& each : requests) {
    if (!ok) break;
    call->Write(buffer(from_hexadecimal(each)), nullptr);
    ok = wait(queue);
  }
  if (ok) {
    call->WritesDone(nullptr);
    wait(queue);
  }
  Array responses{};
  auto left = command.get<std::int64_t>("take", -1);
  grpc::ByteBuffer response;
  bool cancelled = left == 0;
  while (!cancelled) {
    call->Read(&response, nullptr);
    if (!wait(queue)) break;
    responses.append(hexadecimal(bytes(response)));
    cancelled = --left == 0;
  }
  if (cancelled) context->TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait(queue);
  queue.Shutdown();
  while (wait(queue)) {
  }
  if (!status.ok() && !cancelled) {
    throw workflow_results::Error{
        explained(status, {.method = method, .target = client->target(), .timeout = deadline.time()})};
  }
  return {{"responses", responses}};
}

}  // namespace

Handlers stub() { return {{"rpc", rpc}}; }

}  // namespace testee
