// The testee of the C++ client, for the suite for clients.

#include <grpc/grpc.h>

#include "testee/testee.hpp"

int main() {
  grpc_init();
  auto handlers = testee::calls();
  handlers.merge(testee::streams());
  handlers.merge(testee::stub());
  testee::run(std::move(handlers));
  grpc_shutdown_blocking();  // so that gRPC has cleaned up when a sanitizer looks
  return 0;
}
