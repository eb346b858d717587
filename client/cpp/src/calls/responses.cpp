// Responses, in our terms.

#include "calls/responses.hpp"

#include <algorithm>

#include "workflow_results/error.hpp"

namespace workflow_results {

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::deposited: return "DEPOSITED";
    case Outcome::already_deposited: return "ALREADY_DEPOSITED";
    case Outcome::conflict: return "CONFLICT";
    case Outcome::rejected: break;
  }
  return "REJECTED";
}

std::string_view to_string(ChangeMethod method) noexcept {
  switch (method) {
    case ChangeMethod::update: return "UPDATE";
    case ChangeMethod::delete_ids: return "DELETE_IDS";
    case ChangeMethod::lock: return "LOCK";
    case ChangeMethod::unlock: return "UNLOCK";
    case ChangeMethod::drop_pipeline: return "DROP_PIPELINE";
    case ChangeMethod::unknown: break;
  }
  return "UNKNOWN";
}

std::string_view to_string(ChangeKind kind) noexcept {
  switch (kind) {
    case ChangeKind::existing: return "EXISTING";
    case ChangeKind::deposited: return "DEPOSITED";
    case ChangeKind::updated: return "UPDATED";
    case ChangeKind::locked: return "LOCKED";
    case ChangeKind::unlocked: return "UNLOCKED";
    case ChangeKind::deleted: return "DELETED";
    case ChangeKind::changed: return "CHANGED";
    case ChangeKind::unmatched: return "UNMATCHED";
    case ChangeKind::dropped: return "DROPPED";
    case ChangeKind::snapshot_complete: break;
  }
  return "SNAPSHOT_COMPLETE";
}

namespace internal {

namespace {

std::optional<Outcome> outcome_of(int outcome) {
  switch (outcome) {
    case v1::DEPOSIT_OUTCOME_DEPOSITED: return Outcome::deposited;
    case v1::DEPOSIT_OUTCOME_ALREADY_DEPOSITED: return Outcome::already_deposited;
    case v1::DEPOSIT_OUTCOME_CONFLICT: return Outcome::conflict;
    case v1::DEPOSIT_OUTCOME_REJECTED: return Outcome::rejected;
    default: return std::nullopt;
  }
}

/// Names the reason of a rejection; a newer server may have others, which its message explains.
std::string reason_of(const v1::Rejection& rejection) {
  constexpr std::string_view kPrefix = "REJECTION_REASON_";
  const auto& name = v1::RejectionReason_Name(rejection.reason());
  return (name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : "REJECTED") + ": " + rejection.message();
}

ChangeMethod method_of(v1::ChangeMethod method) {
  switch (method) {
    case v1::CHANGE_METHOD_UPDATE: return ChangeMethod::update;
    case v1::CHANGE_METHOD_DELETE_IDS: return ChangeMethod::delete_ids;
    case v1::CHANGE_METHOD_LOCK: return ChangeMethod::lock;
    case v1::CHANGE_METHOD_UNLOCK: return ChangeMethod::unlock;
    case v1::CHANGE_METHOD_DROP_PIPELINE: return ChangeMethod::drop_pipeline;
    default: return ChangeMethod::unknown;
  }
}

}  // namespace

DateTime date_time(const google::protobuf::Timestamp& time) {
  return DateTime{std::chrono::seconds{time.seconds()} +
                  std::chrono::floor<std::chrono::milliseconds>(std::chrono::nanoseconds{time.nanos()})};
}

std::optional<ChangeKind> kind_of(v1::ChangeKind kind) noexcept {
  switch (kind) {
    case v1::CHANGE_KIND_EXISTING: return ChangeKind::existing;
    case v1::CHANGE_KIND_DEPOSITED: return ChangeKind::deposited;
    case v1::CHANGE_KIND_UPDATED: return ChangeKind::updated;
    case v1::CHANGE_KIND_LOCKED: return ChangeKind::locked;
    case v1::CHANGE_KIND_UNLOCKED: return ChangeKind::unlocked;
    case v1::CHANGE_KIND_DELETED: return ChangeKind::deleted;
    case v1::CHANGE_KIND_CHANGED: return ChangeKind::changed;
    case v1::CHANGE_KIND_UNMATCHED: return ChangeKind::unmatched;
    case v1::CHANGE_KIND_DROPPED: return ChangeKind::dropped;
    default: return std::nullopt;
  }
}

template <class Response>
std::vector<Judgement> judgements_of(const Response& response, std::size_t number) {
  std::vector<Judgement> judgements;
  judgements.reserve(number);
  for (const int each : response.outcomes()) {
    const auto outcome = outcome_of(each);
    if (!outcome) break;
    const bool conflicts = *outcome == Outcome::conflict;
    judgements.push_back({*outcome, conflicts ? "a result with this id is stored with other content" : ""});
  }
  if (judgements.size() != number || static_cast<std::size_t>(response.outcomes_size()) != number) {
    throw Error{{.message = "the service returned " + std::to_string(response.outcomes_size()) + " outcomes for " +
                            std::to_string(number) + " works, " + std::to_string(judgements.size()) +
                            " of them known to this client: is the client older than the server?",
                 .outcome_unknown = true}};
  }
  for (const auto& each : response.rejections()) {
    const auto index = static_cast<std::size_t>(each.index());
    if (index < number) judgements[index].reason = reason_of(each);
  }
  return judgements;
}

template std::vector<Judgement> judgements_of(const v1::DepositResponse& response, std::size_t number);
template std::vector<Judgement> judgements_of(const v1::DepositStreamResponse& response, std::size_t number);

ChangeOutcome change_outcome(const v1::ChangeOutcome& outcome) {
  ChangeOutcome made{.applied = outcome.applied(), .refusal_count = outcome.refusal_count()};
  for (const auto& each : outcome.refusals()) {
    made.refusals.push_back({each.pipeline(), each.id(), each.reason() == v1::REFUSAL_REASON_LOCKED});
  }
  return made;
}

ValueCounts value_counts(const v1::CountByResponse& response) {
  ValueCounts made{.has_more = response.has_more(), .other_count = response.other_count()};
  for (const auto& each : response.counts()) {
    const auto& bson = each.value().bson();
    const auto* data = reinterpret_cast<const std::uint8_t*>(bson.data());
    made.counts.push_back({Document::from_bytes({data, bson.size()}), each.count()});
  }
  return made;
}

ServerInfo server_info(const v1::InfoResponse& response) {
  const auto& limits = response.limits();
  return {.server_version = response.server_version(),
          .api_version = response.api_version(),
          .mongodb_version = response.mongodb_version(),
          .checker = response.checker(),
          .limits = {.message_bytes = limits.message_bytes(),
                     .work_bytes = limits.work_bytes(),
                     .work_depth = limits.work_depth(),
                     .pipeline_length = limits.pipeline_length(),
                     .id_length = limits.id_length(),
                     .transaction_results = limits.transaction_results(),
                     .batch_bytes = limits.batch_bytes(),
                     .server_seconds = limits.server_seconds(),
                     .request_works = limits.request_works(),
                     .pipelines = limits.pipelines()}};
}

FieldIndex field_index(const v1::FieldIndex& index) { return {index.field(), index.size_bytes(), index.ready()}; }

HistoryEntry history_entry(const v1::HistoryEntry& entry) {
  return {.time = date_time(entry.time()),
          .method = method_of(entry.method()),
          .caller = entry.caller(),
          .fields = {entry.fields().begin(), entry.fields().end()},
          .reason = entry.reason(),
          .request_id = entry.request_id(),
          .result_count = entry.result_count(),
          .field_count = entry.field_count()};
}

}  // namespace internal

}  // namespace workflow_results
