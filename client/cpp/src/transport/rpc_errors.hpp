#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "workflow_results/error.hpp"

namespace workflow_results::internal {

/// What is known of a call that failed.
struct CallInfo {
  std::string_view method;                            ///< The name of the method.
  std::string_view target;                            ///< Where it was called.
  std::optional<std::chrono::milliseconds> timeout;  ///< The time that it had.
};

/// Puts the failure of a call into our terms.
[[nodiscard]] ErrorDetails explained(const grpc::Status& status, const CallInfo& call);

/// Returns the error of a call that the caller has stopped.
[[nodiscard]] ErrorDetails stopped(std::string_view method, bool outcome_unknown);

/// Returns an error of the kind `unavailable` that the client has found.
[[nodiscard]] ErrorDetails unavailable(const std::string& message);

/// Returns the name of a status, such as "INVALID_ARGUMENT".
[[nodiscard]] std::string_view name_of(grpc::StatusCode code) noexcept;

/// Returns a time in seconds for a message, such as "1.5 s".
[[nodiscard]] std::string in_seconds(std::chrono::milliseconds time);

}  // namespace workflow_results::internal
