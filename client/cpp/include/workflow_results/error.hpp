#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "workflow_results/document.hpp"
#include "workflow_results/outcomes.hpp"

namespace workflow_results {

/// What kind of failure an error is.
enum class ErrorKind : std::uint8_t {
  invalid_request,    ///< The request, a work in it or a setting breaks a rule; the message says which.
  unauthenticated,    ///< The token or certificate is missing, wrong or expired.
  permission_denied,  ///< The token or certificate does not allow this.
  unavailable,        ///< The service can't be reached, or can't work at the moment.
  deadline_exceeded,  ///< The call took longer than its timeout, or than the server's limit.
  cancelled,          ///< The caller has stopped it.
  other,              ///< Anything else, such as an internal error of the server.
};

/// What is known of a failure.
struct ErrorDetails {
  ErrorKind kind = ErrorKind::other;  ///< What kind of failure it is.
  std::string message{};              ///< What is wrong and, if known, what would be right.
  std::string code{};                 ///< The name of gRPC's status, such as "INVALID_ARGUMENT"; may be empty.
  std::string reason{};               ///< The name of the ErrorReason, such as "OVERLOADED"; empty if the service gave none.
  std::vector<std::string> fields{};  ///< The fields of the request that are at fault.
  std::string call_id{};              ///< Names the call in the server's log; may be empty.
  std::chrono::milliseconds retry_delay{0};  ///< How long the service asks to wait before a repetition.
  bool outcome_unknown = false;              ///< Whether the call may have changed something although it failed.
  std::vector<Document> works{};             ///< Of a deposit: the works with their ids. Depositing them again is safe.
  std::vector<Receipt> receipts{};           ///< Of a depositor that is closed: what is not stored.
};

/// Any failure of this library.
class Error : public std::runtime_error {
 public:
  /// Makes an error of its details.
  explicit Error(ErrorDetails details);

  /// Makes an error of what the client refuses before anything is sent.
  [[nodiscard]] static Error invalid(const std::string& message);

  [[nodiscard]] ErrorKind kind() const noexcept { return details_->kind; }                ///< As in ErrorDetails.
  [[nodiscard]] const std::string& code() const noexcept { return details_->code; }       ///< As in ErrorDetails.
  [[nodiscard]] const std::string& reason() const noexcept { return details_->reason; }   ///< As in ErrorDetails.
  [[nodiscard]] const std::string& call_id() const noexcept { return details_->call_id; }  ///< As in ErrorDetails.
  [[nodiscard]] bool outcome_unknown() const noexcept { return details_->outcome_unknown; }  ///< As in ErrorDetails.
  /// As in ErrorDetails.
  [[nodiscard]] const std::vector<std::string>& fields() const noexcept { return details_->fields; }
  /// As in ErrorDetails.
  [[nodiscard]] const std::vector<Document>& works() const noexcept { return details_->works; }
  /// As in ErrorDetails.
  [[nodiscard]] const std::vector<Receipt>& receipts() const noexcept { return details_->receipts; }
  /// All of it.
  [[nodiscard]] const ErrorDetails& details() const noexcept { return *details_; }

 private:
  std::shared_ptr<const ErrorDetails> details_;  // shared, so that copying an exception can't fail
};

/// Returns the name of a kind, such as "invalid_request".
[[nodiscard]] std::string_view to_string(ErrorKind kind) noexcept;

}  // namespace workflow_results
