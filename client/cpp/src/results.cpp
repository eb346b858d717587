#include "workflow_results/results.hpp"

#include <utility>

#include "calls/requests.hpp"
#include "calls/responses.hpp"
#include "deposit/deposited.hpp"
#include "deposit/sender.hpp"
#include "stream/results_source.hpp"
#include "stream/watch_source.hpp"
#include "transport/client.hpp"

namespace workflow_results {

namespace requests = internal::requests;

namespace {

/// Calls a method with one answer.
template <class Response>
Response call(internal::Client& client, const char* method, const google::protobuf::MessageLite& request,
              const auto& options, const std::string& request_id = {}) {
  Response response;
  client.unary(method, request, response, client.deadline(options.timeout), options.stop, request_id);
  return response;
}

/// Makes a request that has just a pipeline.
template <class Request>
Request of(const std::string& pipeline) {
  Request request;
  request.set_pipeline(pipeline);
  return request;
}

/// Makes a request that has a pipeline and a field.
template <class Request>
Request of(const std::string& pipeline, const std::string& field) {
  auto request = of<Request>(pipeline);
  request.set_field(field);
  return request;
}

/// Makes the stream of the results of some reads.
ResultStream read(const std::shared_ptr<internal::Client>& client, std::deque<internal::ReadRequest> reads,
                  const auto& options) {
  return ResultStream{std::make_unique<internal::ResultsSource>(client, std::move(reads), options.timeout, options.stop)};
}

ResultStream read(const std::shared_ptr<internal::Client>& client, internal::ReadRequest request, const auto& options) {
  std::deque<internal::ReadRequest> reads;
  reads.push_back(std::move(request));
  return read(client, std::move(reads), options);
}

}  // namespace

Results::Results(const Settings& settings)
    : client_(std::make_shared<internal::Client>(internal::resolve(settings, internal::environment))) {}

std::vector<Receipt> Results::deposit(const std::vector<Document>& works, const CallOptions& options) const {
  return internal::deposit(*client_, works, client_->deadline(options.timeout), options.stop);
}

Depositor Results::depositor(const DepositorOptions& options) const {
  const auto patience = internal::checked(options.timeout).value_or(client_->patience());
  return Depositor{std::make_unique<internal::DepositSender>(client_, patience)};
}

ChangeOutcome Results::update(const std::vector<Document>& works, const ChangeOptions& options) const {
  const auto request = requests::update(works, options);
  return internal::change_outcome(
      call<v1::UpdateResponse>(*client_, "Update", request, options, options.request_id).outcome());
}

ChangeOutcome Results::delete_ids(const std::string& pipeline, const std::vector<std::string>& ids,
                                  const ChangeOptions& options) const {
  const auto request = requests::change<v1::DeleteIdsRequest>(pipeline, ids, options);
  return internal::change_outcome(
      call<v1::DeleteIdsResponse>(*client_, "DeleteIds", request, options, options.request_id).outcome());
}

ChangeOutcome Results::lock(const std::string& pipeline, const std::vector<std::string>& ids,
                            const ChangeOptions& options) const {
  const auto request = requests::change<v1::LockRequest>(pipeline, ids, options);
  return internal::change_outcome(call<v1::LockResponse>(*client_, "Lock", request, options, options.request_id).outcome());
}

UnlockOutcome Results::unlock(const std::string& pipeline, const std::vector<std::string>& ids,
                              const UnlockOptions& options) const {
  auto request = requests::change<v1::UnlockRequest>(pipeline, ids, options);
  request.set_force(options.force);
  const auto response = call<v1::UnlockResponse>(*client_, "Unlock", request, options, options.request_id);
  return {internal::change_outcome(response.outcome()), response.locked_count()};
}

ResultStream Results::view(const std::string& pipeline, const ViewOptions& options) const {
  return read(client_, requests::view(pipeline, options), options);
}

ResultStream Results::get_by_id(const std::string& pipeline, const std::vector<std::string>& ids,
                                const ReadOptions& options) const {
  return read(client_, requests::get_by_id(pipeline, ids), options);
}

ResultStream Results::get_by_event(const std::string& pipeline, std::int64_t event_number,
                                   const ReadOptions& options) const {
  return read(client_, requests::get_by_event(pipeline, event_number), options);
}

ResultStream Results::get_by_count(const std::string& pipeline, const CountedOptions& options) const {
  return read(client_, requests::get_by_count(pipeline, options.count), options);
}

ResultStream Results::get_locked(const std::string& pipeline, const LockedOptions& options) const {
  return read(client_, requests::get_locked(pipeline, options), options);
}

ResultStream Results::top(const std::string& pipeline, const std::string& field, const TopOptions& options) const {
  return read(client_, requests::top(pipeline, field, options), options);
}

Watch Results::watch(const WatchOptions& options) const {
  return Watch{
      std::make_unique<internal::WatchSource>(client_, requests::watch(options), options.timeout, options.stop)};
}

std::int64_t Results::count(const std::string& pipeline, const Document& query, const CallOptions& options) const {
  return call<v1::CountResponse>(*client_, "Count", requests::count(pipeline, query), options).count();
}

ValueCounts Results::count_by(const std::string& pipeline, const std::string& field, const Document& query,
                              const CallOptions& options) const {
  const auto request = requests::count_by(pipeline, field, query);
  return internal::value_counts(call<v1::CountByResponse>(*client_, "CountBy", request, options));
}

std::map<std::string, std::int64_t> Results::status(const CallOptions& options) const {
  const auto response = call<v1::StatusResponse>(*client_, "Status", v1::StatusRequest{}, options);
  return {response.counts().begin(), response.counts().end()};
}

ServerInfo Results::info(const CallOptions& options) const {
  return internal::server_info(call<v1::InfoResponse>(*client_, "Info", v1::InfoRequest{}, options));
}

std::int64_t Results::get_locked_count(const std::string& pipeline, const CallOptions& options) const {
  const auto request = of<v1::GetLockedCountRequest>(pipeline);
  return call<v1::GetLockedCountResponse>(*client_, "GetLockedCount", request, options).count();
}

std::vector<HistoryEntry> Results::history(const std::string& pipeline, const std::string& id,
                                           const CallOptions& options) const {
  auto request = of<v1::HistoryRequest>(pipeline);
  request.set_id(id);
  const auto deadline = client_->deadline(options.timeout);
  std::vector<HistoryEntry> entries;
  for (;;) {
    v1::HistoryResponse page;
    client_->unary("History", request, page, deadline, options.stop);
    for (const auto& each : page.entries()) entries.push_back(internal::history_entry(each));
    if (page.next_page_token().empty()) return entries;
    request.set_page_token(page.next_page_token());
  }
}

std::vector<FieldIndex> Results::list_indexes(const std::string& pipeline, const CallOptions& options) const {
  const auto request = of<v1::ListIndexesRequest>(pipeline);
  const auto response = call<v1::ListIndexesResponse>(*client_, "ListIndexes", request, options);
  std::vector<FieldIndex> indexes;
  for (const auto& each : response.indexes()) indexes.push_back(internal::field_index(each));
  return indexes;
}

FieldIndex Results::create_index(const std::string& pipeline, const std::string& field,
                                 const CallOptions& options) const {
  const auto request = of<v1::CreateIndexRequest>(pipeline, field);
  return internal::field_index(call<v1::CreateIndexResponse>(*client_, "CreateIndex", request, options).index());
}

bool Results::drop_index(const std::string& pipeline, const std::string& field, const CallOptions& options) const {
  const auto request = of<v1::DropIndexRequest>(pipeline, field);
  return call<v1::DropIndexResponse>(*client_, "DropIndex", request, options).dropped();
}

bool Results::drop_pipeline(const std::string& pipeline, const DropOptions& options) const {
  auto request = of<v1::DropPipelineRequest>(pipeline);
  request.set_reason(options.reason);
  return call<v1::DropPipelineResponse>(*client_, "DropPipeline", request, options).dropped();
}

void Results::close() const noexcept { client_->close(); }

const std::string& Results::target() const noexcept { return client_->target(); }

}  // namespace workflow_results
