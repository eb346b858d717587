#include "calls/requests.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace workflow_results::internal::requests {

namespace {

constexpr std::size_t kIdsPerRequest = 10'000;

std::string bson_of(const Document& document) {
  const auto bytes = document.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

v1::UpdateRequest update(const std::vector<Document>& works, const ChangeOptions& options) {
  v1::UpdateRequest request;
  for (const auto& work : works) *request.mutable_works()->mutable_bson() += bson_of(work);
  request.set_reason(options.reason);
  request.set_request_id(options.request_id);
  return request;
}

v1::CountRequest count(const std::string& pipeline, const Document& query) {
  v1::CountRequest request;
  request.set_pipeline(pipeline);
  request.mutable_query()->set_bson(bson_of(query));
  return request;
}

v1::CountByRequest count_by(const std::string& pipeline, const std::string& field, const Document& query) {
  v1::CountByRequest request;
  request.set_pipeline(pipeline);
  request.set_field(field);
  request.mutable_query()->set_bson(bson_of(query));
  return request;
}

v1::WatchRequest watch(const WatchOptions& options) {
  v1::WatchRequest request;
  request.mutable_pipelines()->Assign(options.pipelines.begin(), options.pipelines.end());
  request.mutable_query()->set_bson(bson_of(options.query));
  request.mutable_projection()->set_bson(bson_of(options.projection));
  request.set_snapshot(options.snapshot);
  request.set_resume_token(options.resume_token);
  return request;
}

ReadRequest view(const std::string& pipeline, const ViewOptions& options) {
  v1::ViewRequest request;
  request.set_pipeline(pipeline);
  request.mutable_query()->set_bson(bson_of(options.query));
  request.mutable_projection()->set_bson(bson_of(options.projection));
  request.set_skip(options.skip);
  request.set_limit(options.limit);
  return read_request<v1::ViewResponse>("View", std::move(request));
}

ReadRequest get_by_event(const std::string& pipeline, std::int64_t event_number) {
  v1::GetByEventRequest request;
  request.set_pipeline(pipeline);
  request.set_event_number(event_number);
  return read_request<v1::GetByEventResponse>("GetByEvent", std::move(request));
}

ReadRequest get_by_count(const std::string& pipeline, std::int64_t count) {
  v1::GetByCountRequest request;
  request.set_pipeline(pipeline);
  request.set_count(count);
  return read_request<v1::GetByCountResponse>("GetByCount", std::move(request));
}

ReadRequest get_locked(const std::string& pipeline, const LockedOptions& options) {
  v1::GetLockedRequest request;
  request.set_pipeline(pipeline);
  request.set_skip(options.skip);
  request.set_count(options.count);
  return read_request<v1::GetLockedResponse>("GetLocked", std::move(request));
}

ReadRequest top(const std::string& pipeline, const std::string& field, const TopOptions& options) {
  v1::TopRequest request;
  request.set_pipeline(pipeline);
  request.set_field(field);
  request.mutable_query()->set_bson(bson_of(options.query));
  request.mutable_projection()->set_bson(bson_of(options.projection));
  request.set_limit(options.limit);
  request.set_ascending(options.ascending);
  return read_request<v1::TopResponse>("Top", std::move(request));
}

std::deque<ReadRequest> get_by_id(const std::string& pipeline, std::vector<std::string> ids) {
  std::ranges::sort(ids, std::greater{});
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::deque<ReadRequest> reads;
  auto first = ids.begin();
  do {  // once without ids, too, so that the service can say what is wrong with the pipeline
    const auto last = first + std::min<std::ptrdiff_t>(kIdsPerRequest, ids.end() - first);
    v1::GetByIdRequest request;
    request.set_pipeline(pipeline);
    request.mutable_ids()->Assign(first, last);
    reads.push_back(read_request<v1::GetByIdResponse>("GetById", std::move(request)));
    first = last;
  } while (first != ids.end());
  return reads;
}

}  // namespace workflow_results::internal::requests
