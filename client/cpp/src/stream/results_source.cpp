#include "stream/results_source.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

#include "bson/framing.hpp"
#include "transport/rpc_errors.hpp"

namespace workflow_results::internal {

ResultsSource::ResultsSource(std::shared_ptr<Client> client, std::deque<ReadRequest> reads, const Timeout& timeout,
                             std::stop_token stop)
    : client_(std::move(client)),
      reads_(std::move(reads)),
      deadline_(Deadline::after(checked(timeout))),
      silence_(timeout ? std::nullopt : std::optional{client_->silence()}),
      on_stop_(std::move(stop), [this] { cancelling_.request_stop(); }) {}

std::optional<Document> ResultsSource::next() {
  while (left_.empty()) {
    if (!fetch()) return std::nullopt;
  }
  const auto document = left_.substr(0, framed_length(left_));
  left_.remove_prefix(document.size());
  return without_mongodb_id(document);
}

bool ResultsSource::fetch() {
  if (!reading_) {
    if (reads_.empty()) return false;
    stream_.emplace(client_, reads_.front().method, deadline_, cancelling_.get_token());
    reading_.emplace(std::move(reads_.front()), client_->target());
    reads_.pop_front();
  }
  const auto progress = Deadline::after(client_->patience());
  while (!reading_->complete()) {
    ErrorDetails error;
    try {
      batch_ = receive(progress);
      left_ = batch_;
      if (!left_.empty()) return true;
      continue;
    } catch (const Error& failed) {
      stream_->close();
      error = failed.details();
    }
    const auto pause = reading_->pause_after(error, earlier(deadline_, progress).left());
    if (!pause) throw Error{error};
    if (!stream_->stop().pause(*pause)) throw Error{stopped(reading_->read().method, false)};
  }
  stream_->settle();
  stream_.reset();
  reading_.reset();
  return true;
}

std::string ResultsSource::receive(const Deadline& progress) {
  const auto& read = reading_->read();
  if (!stream_->is_open()) reading_->begin();
  if (stream_->next(*read.request, *read.response, earlier(deadline_, progress), silence_)) return reading_->take();
  reading_->end();
  return {};
}

}  // namespace workflow_results::internal
