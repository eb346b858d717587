#include "calls/watching.hpp"

#include <utility>

#include "bson/framing.hpp"
#include "calls/responses.hpp"
#include "transport/rpc_errors.hpp"

namespace workflow_results::internal {

Watching::Watching(v1::WatchRequest request, const std::string& target)
    : request_(std::move(request)), what_("Watch at " + target), token_(request_.resume_token()) {}

std::string Watching::token() const {
  const std::scoped_lock lock{mutex_};
  return token_;
}

void Watching::move_to(const std::string& token) {
  const std::scoped_lock lock{mutex_};
  token_ = token;
}

std::vector<Arrived> Watching::take(v1::WatchResponse response) {
  attempts_.progress();
  const auto shared = std::make_shared<const v1::WatchResponse>(std::move(response));
  const auto results = split(shared->results().bson());
  if (!results) throw Error{{.message = what_ + " sent what is no BSON"}};
  const std::string before = request_.resume_token();
  const std::string behind = shared->resume_token().empty() ? before : shared->resume_token();
  std::vector<Arrived> arrived;
  for (int index = 0; index < shared->events_size(); ++index) {
    const auto& event = shared->events(index);
    if (!kind_of(event.kind())) {
      throw Error{{.message = what_ + " has changes that are not known to this client: is it older than the server?"}};
    }
    Arrived each{.response = shared, .event = index, .token = before};
    if (event.has_result_index()) {
      const auto position = static_cast<std::size_t>(event.result_index());
      if (position >= results->size()) {
        throw Error{{.message = what_ + " lost results: " + std::to_string(results->size()) + " arrived in a response"}};
      }
      each.result = (*results)[position];
    }
    arrived.push_back(std::move(each));
  }
  if (!arrived.empty()) arrived.back().token = behind;
  if (shared->snapshot_complete()) arrived.push_back({.token = behind});
  request_.set_resume_token(behind);
  if (arrived.empty()) move_to(behind);
  return arrived;
}

Change Watching::hand_on(const Arrived& arrived) {
  move_to(arrived.token);
  if (arrived.event < 0) return {.kind = ChangeKind::snapshot_complete, .resume_token = arrived.token};
  const auto& event = arrived.response->events(arrived.event);
  Change change{.kind = *kind_of(event.kind()),
                .pipeline = event.pipeline(),
                .id = event.id(),
                .caller = event.caller(),
                .reason = event.reason(),
                .fields = {event.fields().begin(), event.fields().end()},
                .resume_token = arrived.token};
  if (!arrived.result.empty()) change.result = without_mongodb_id(arrived.result);
  if (event.has_time()) change.time = date_time(event.time());
  return change;
}

ErrorDetails Watching::ended() const { return unavailable(what_ + " ended"); }

}  // namespace workflow_results::internal
