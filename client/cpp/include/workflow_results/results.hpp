#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "workflow_results/depositor.hpp"
#include "workflow_results/document.hpp"
#include "workflow_results/error.hpp"
#include "workflow_results/options.hpp"
#include "workflow_results/outcomes.hpp"
#include "workflow_results/stream.hpp"

namespace workflow_results {

namespace internal {
class Client;
}

/// A client of Workflow Results: deposits and reads the results of pipelines.
///
/// Threads may share it; a copy is the same client. It connects with its first call. Calls with one answer have one
/// connection, streams another one; where 90 calls are under way on a connection, a further one is opened. All methods throw
/// Error, whose `kind` says what has gone wrong.
class Results {
 public:
  /// Makes a client. @throws Error A setting can't be used.
  explicit Results(const Settings& settings = {});

  /// Deposits works, with a receipt for each. No outcome is an error, and any deposit may be repeated.
  /// @param works The works, any number. Those without an id get one. They are sent in requests of about 1 MiB.
  /// @param options The timeout is for all of them.
  /// @returns One receipt for each work, in their order.
  /// @throws Error Some works may be stored; `works` of the error has all of them with their ids.
  [[nodiscard]] std::vector<Receipt> deposit(const std::vector<Document>& works, const CallOptions& options = {}) const;

  /// Makes what takes works one by one.
  [[nodiscard]] Depositor depositor(const DepositorOptions& options = {}) const;

  /// Sets fields of results: all of them, or nothing.
  /// @param works For each result its `pipeline`, its `id` and the top-level fields to set; at most 100,000, and 32 MiB.
  [[nodiscard]] ChangeOutcome update(const std::vector<Document>& works, const ChangeOptions& options = {}) const;

  /// Deletes results: all of them, or none.
  /// @param ids At most 100,000; an id that is given twice counts once.
  [[nodiscard]] ChangeOutcome delete_ids(const std::string& pipeline, const std::vector<std::string>& ids,
                                         const ChangeOptions& options = {}) const;

  /// Locks results, so that they can be neither updated nor deleted: all of them, or none.
  /// @param ids At most 100,000. Locking a locked result is fine.
  [[nodiscard]] ChangeOutcome lock(const std::string& pipeline, const std::vector<std::string>& ids,
                                   const ChangeOptions& options = {}) const;

  /// Unlocks results: all of them, or none. Without `force` it only counts those that are locked.
  /// @param ids At most 100,000. Unlocking a result that is not locked is fine.
  [[nodiscard]] UnlockOutcome unlock(const std::string& pipeline, const std::vector<std::string>& ids,
                                     const UnlockOptions& options = {}) const;

  /// Streams the results that match a query, those with the highest ids first.
  [[nodiscard]] ResultStream view(const std::string& pipeline, const ViewOptions& options = {}) const;

  /// Streams the results with some ids, the highest first. Those that do not exist are left out.
  /// @param ids Any number.
  [[nodiscard]] ResultStream get_by_id(const std::string& pipeline, const std::vector<std::string>& ids,
                                       const ReadOptions& options = {}) const;

  /// Streams the results whose `event` contains a number, alone or among others.
  [[nodiscard]] ResultStream get_by_event(const std::string& pipeline, std::int64_t event_number,
                                          const ReadOptions& options = {}) const;

  /// Streams the results with the highest ids: for ObjectId strings, the newest.
  [[nodiscard]] ResultStream get_by_count(const std::string& pipeline, const CountedOptions& options = {}) const;

  /// Streams locked results that have `results`, `plots` and `products`, reduced to these, `id` and `event`.
  [[nodiscard]] ResultStream get_locked(const std::string& pipeline, const LockedOptions& options = {}) const;

  /// Streams the results with the highest or lowest values of a field. They come when all are there.
  /// @param field The path of the field, such as `results.snr`.
  [[nodiscard]] ResultStream top(const std::string& pipeline, const std::string& field,
                                 const TopOptions& options = {}) const;

  /// Watches changes of results as they are made. When it returns, the service has begun: every change from then on comes.
  [[nodiscard]] Watch watch(const WatchOptions& options = {}) const;

  /// Counts the results that match a query, exactly.
  [[nodiscard]] std::int64_t count(const std::string& pipeline, const Document& query = {},
                                   const CallOptions& options = {}) const;

  /// Counts the results that match a query by the values of a field.
  /// @param field The path of the field, such as `results.class`.
  [[nodiscard]] ValueCounts count_by(const std::string& pipeline, const std::string& field, const Document& query = {},
                                     const CallOptions& options = {}) const;

  /// Returns the number of results by pipeline; pipelines without results are left out.
  [[nodiscard]] std::map<std::string, std::int64_t> status(const CallOptions& options = {}) const;

  /// Returns versions and limits of the server.
  [[nodiscard]] ServerInfo info(const CallOptions& options = {}) const;

  /// Counts all locked results of a pipeline.
  [[nodiscard]] std::int64_t get_locked_count(const std::string& pipeline, const CallOptions& options = {}) const;

  /// Returns all changes of a result, the newest first.
  /// @param id The id of the result, which may be deleted. Empty: the changes of the pipeline itself.
  [[nodiscard]] std::vector<HistoryEntry> history(const std::string& pipeline, const std::string& id = {},
                                                  const CallOptions& options = {}) const;

  /// Lists the indexes on fields of a pipeline. For admins.
  [[nodiscard]] std::vector<FieldIndex> list_indexes(const std::string& pipeline, const CallOptions& options = {}) const;

  /// Builds an index on a field, unless there is one. For admins. If it is not ready in time, call this again to wait.
  FieldIndex create_index(const std::string& pipeline, const std::string& field, const CallOptions& options = {}) const;

  /// Drops the index on a field, and returns whether there was one. For admins.
  bool drop_index(const std::string& pipeline, const std::string& field, const CallOptions& options = {}) const;

  /// Drops a pipeline that has no results left, and returns whether it existed. For admins.
  bool drop_pipeline(const std::string& pipeline, const DropOptions& options = {}) const;

  /// Ends all calls that are under way, with an Error of the kind `cancelled`; later ones get that, too. Depositors that
  /// are open fail, and watches reach their end.
  void close() const noexcept;

  /// Returns the target.
  [[nodiscard]] const std::string& target() const noexcept;

  /// Returns what is behind it; of no use to callers.
  [[nodiscard]] const std::shared_ptr<internal::Client>& client() const noexcept { return client_; }

 private:
  std::shared_ptr<internal::Client> client_;
};

}  // namespace workflow_results
