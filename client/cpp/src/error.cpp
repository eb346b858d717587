#include "workflow_results/error.hpp"

#include <utility>

namespace workflow_results {

Error::Error(ErrorDetails details)
    : std::runtime_error(details.message), details_(std::make_shared<const ErrorDetails>(std::move(details))) {}

Error Error::invalid(const std::string& message) {
  return Error{{.kind = ErrorKind::invalid_request, .message = message, .code = "INVALID_ARGUMENT"}};
}

std::string_view to_string(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::invalid_request: return "invalid_request";
    case ErrorKind::unauthenticated: return "unauthenticated";
    case ErrorKind::permission_denied: return "permission_denied";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::deadline_exceeded: return "deadline_exceeded";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::other: break;
  }
  return "other";
}

}  // namespace workflow_results
