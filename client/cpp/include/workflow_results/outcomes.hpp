#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workflow_results/document.hpp"

namespace workflow_results {

/// What became of a deposited work.
enum class Outcome : std::uint8_t {
  deposited,          ///< Stored durably now.
  already_deposited,  ///< Stored durably before, with the same content.
  conflict,           ///< A result with this id is stored with other content, which was not changed.
  rejected,           ///< The work breaks a rule and is not stored.
};

/// What became of one deposited work.
struct Receipt {
  std::string pipeline{};                ///< The pipeline of the work.
  std::string id{};                      ///< Its id, which the client may have made.
  Outcome outcome = Outcome::rejected;  ///< What became of it.
  std::string reason{};                  ///< Why it is not stored: empty if it is, else the name of the reason and a message.

  /// Returns whether the work is stored durably.
  [[nodiscard]] bool stored() const noexcept {
    return outcome == Outcome::deposited || outcome == Outcome::already_deposited;
  }
};

/// A result for which a change was refused.
struct Refusal {
  std::string pipeline{};  ///< The pipeline of the result.
  std::string id{};        ///< Its id.
  bool locked = false;     ///< Whether it is locked; otherwise it does not exist.
};

/// The outcome of an update, a deletion or a lock, which is made for all results or none.
struct ChangeOutcome {
  bool applied = false;               ///< Whether all results were changed, or were already as requested.
  std::vector<Refusal> refusals{};    ///< The results for which it was refused: the first 1,000.
  std::int32_t refusal_count = 0;     ///< For how many it was refused in all.
};

/// The outcome of an unlock; without `force` it is never applied.
struct UnlockOutcome : ChangeOutcome {
  std::int32_t locked_count = 0;  ///< How many were unlocked now; without `force`, how many would be.
};

/// How many results have a value.
struct ValueCount {
  Document value{};        ///< A document whose only field, `value`, is the value.
  std::int64_t count = 0;  ///< How many results have it.
};

/// The numbers of results by the values of a field.
struct ValueCounts {
  std::vector<ValueCount> counts{};  ///< The most frequent values first, at most 1,000.
  bool has_more = false;             ///< Whether there are more values than these.
  std::int64_t other_count = 0;      ///< How many values are not told apart.
};

/// What a server accepts.
struct Limits {
  std::int64_t message_bytes = 0;        ///< The largest request, in bytes.
  std::int64_t work_bytes = 0;           ///< The largest work, in bytes of BSON.
  std::int32_t work_depth = 0;           ///< The most levels of documents and arrays in a work.
  std::int32_t pipeline_length = 0;      ///< The longest pipeline name, in characters.
  std::int32_t id_length = 0;            ///< The longest id, in characters.
  std::int32_t transaction_results = 0;  ///< The most ids or works in one all-or-nothing request.
  std::int64_t batch_bytes = 0;          ///< The size that batches of results aim at, in bytes.
  double server_seconds = 0;             ///< The longest time that the server spends on a call or a batch, in seconds.
  std::int32_t request_works = 0;        ///< The most works in one request.
  std::int32_t pipelines = 0;            ///< The most pipelines, including those without results.
};

/// Versions and limits of a server.
struct ServerInfo {
  std::string server_version{};   ///< The version of the server.
  std::string api_version{};      ///< The version of its API.
  std::string mongodb_version{};  ///< The version of MongoDB.
  std::string checker{};          ///< What checks deposited works.
  Limits limits{};                ///< What it accepts.
};

/// The method that changed a result or a pipeline.
enum class ChangeMethod : std::uint8_t { unknown, update, delete_ids, lock, unlock, drop_pipeline };

/// One change of a result, or of a pipeline.
struct HistoryEntry {
  DateTime time{};                             ///< When.
  ChangeMethod method = ChangeMethod::unknown;  ///< What was done; `unknown` for what only a newer client knows.
  std::string caller{};                        ///< Who did it: the name of the token or certificate, if there are any.
  std::vector<std::string> fields{};           ///< The top-level fields that an update set, the first ones of many.
  std::string reason{};                        ///< Why, as the caller gave it.
  std::string request_id{};                    ///< The request id that the caller gave.
  std::int32_t result_count = 0;               ///< How many results of the pipeline the request named.
  std::int32_t field_count = 0;                ///< How many top-level fields an update set.
};

/// An index on a field.
struct FieldIndex {
  std::string field{};          ///< The path of the field.
  std::int64_t size_bytes = 0;  ///< How much disk space it takes.
  bool ready = false;           ///< Whether it serves queries; false while it is being built.
};

/// What happened to a result that is watched.
enum class ChangeKind : std::uint8_t {
  existing,           ///< Nothing: it is part of the snapshot.
  deposited,          ///< It was deposited.
  updated,            ///< It was changed by an update.
  locked,             ///< It was locked.
  unlocked,           ///< It was unlocked.
  deleted,            ///< It was deleted.
  changed,            ///< An administrator changed it in MongoDB.
  unmatched,          ///< It was changed, and does not match the query now; or it was deleted since.
  dropped,            ///< Its pipeline was dropped. There is no id.
  snapshot_complete,  ///< All of the snapshot has come. There is neither pipeline nor id.
};

/// A change of a result.
struct Change {
  ChangeKind kind = ChangeKind::changed;  ///< What happened.
  std::string pipeline{};                 ///< The pipeline of the result.
  std::string id{};                       ///< Its id.
  std::optional<Document> result{};       ///< The result as it is now; none where it is gone or does not match.
  std::optional<DateTime> time{};         ///< When; not for existing.
  std::string caller{};                   ///< Who did it, for updated, deleted, locked and unlocked.
  std::string reason{};                   ///< Why, as the caller gave it.
  std::vector<std::string> fields{};      ///< The top-level fields that an update set.
  std::string resume_token{};             ///< Bytes: where to go on behind this change.
};

/// Returns the name of an outcome, such as "DEPOSITED".
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;
/// Returns the name of a method, such as "DELETE_IDS".
[[nodiscard]] std::string_view to_string(ChangeMethod method) noexcept;
/// Returns the name of a kind of change, such as "DEPOSITED".
[[nodiscard]] std::string_view to_string(ChangeKind kind) noexcept;

}  // namespace workflow_results
