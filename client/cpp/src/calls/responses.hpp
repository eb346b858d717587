#pragma once

#include <optional>
#include <string>
#include <vector>

#include "workflow_results/outcomes.hpp"
#include "workflow_results/v1/results.pb.h"

namespace workflow_results::internal {

/// Puts a time into our terms.
[[nodiscard]] DateTime date_time(const google::protobuf::Timestamp& time);

/// Puts the kind of a change into our terms; none where this client does not know it.
[[nodiscard]] std::optional<ChangeKind> kind_of(v1::ChangeKind kind) noexcept;

/// What has become of a work, and why it is not stored.
struct Judgement {
  Outcome outcome = Outcome::rejected;
  std::string reason{};
};

/// Reads the answer to a request with works.
/// @param response A DepositResponse or DepositStreamResponse.
/// @param number How many works there were in the request.
/// @throws Error The outcome of a work is missing or unknown.
template <class Response>
[[nodiscard]] std::vector<Judgement> judgements_of(const Response& response, std::size_t number);

extern template std::vector<Judgement> judgements_of(const v1::DepositResponse& response, std::size_t number);
extern template std::vector<Judgement> judgements_of(const v1::DepositStreamResponse& response, std::size_t number);

/// Puts the outcome of a change into our terms.
[[nodiscard]] ChangeOutcome change_outcome(const v1::ChangeOutcome& outcome);

/// Puts counts by value into our terms.
[[nodiscard]] ValueCounts value_counts(const v1::CountByResponse& response);

/// Puts what a server says about itself into our terms.
[[nodiscard]] ServerInfo server_info(const v1::InfoResponse& response);

/// Puts an index into our terms.
[[nodiscard]] FieldIndex field_index(const v1::FieldIndex& index);

/// Puts an entry of a history into our terms.
[[nodiscard]] HistoryEntry history_entry(const v1::HistoryEntry& entry);

}  // namespace workflow_results::internal
