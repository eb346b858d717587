#pragma once

#include <deque>
#include <string>
#include <vector>

#include "calls/reading.hpp"
#include "workflow_results/options.hpp"
#include "workflow_results/v1/results.pb.h"

/// The requests of the facade's methods.
namespace workflow_results::internal::requests {

[[nodiscard]] v1::UpdateRequest update(const std::vector<Document>& works, const ChangeOptions& options);

/// Asks for a change of results by their ids.
template <class Request, class Options>
[[nodiscard]] Request change(const std::string& pipeline, const std::vector<std::string>& ids, const Options& options) {
  Request request;
  request.set_pipeline(pipeline);
  request.mutable_ids()->Assign(ids.begin(), ids.end());
  request.set_reason(options.reason);
  request.set_request_id(options.request_id);
  return request;
}

[[nodiscard]] v1::CountRequest count(const std::string& pipeline, const Document& query);
[[nodiscard]] v1::CountByRequest count_by(const std::string& pipeline, const std::string& field, const Document& query);
[[nodiscard]] v1::WatchRequest watch(const WatchOptions& options);

[[nodiscard]] ReadRequest view(const std::string& pipeline, const ViewOptions& options);
[[nodiscard]] ReadRequest get_by_event(const std::string& pipeline, std::int64_t event_number);
[[nodiscard]] ReadRequest get_by_count(const std::string& pipeline, std::int64_t count);
[[nodiscard]] ReadRequest get_locked(const std::string& pipeline, const LockedOptions& options);
[[nodiscard]] ReadRequest top(const std::string& pipeline, const std::string& field, const TopOptions& options);

/// Asks for results by any number of ids: in several requests, which follow the order of the results.
[[nodiscard]] std::deque<ReadRequest> get_by_id(const std::string& pipeline, std::vector<std::string> ids);

}  // namespace workflow_results::internal::requests
