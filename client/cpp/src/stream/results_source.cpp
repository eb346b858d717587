#include "stream/results_source.hpp"

#include <utility>

#include "bson/framing.hpp"

namespace workflow_results::internal {

ResultsSource::ResultsSource(const std::shared_ptr<Client>& client, std::deque<ReadRequest> reads, const Timeout& timeout,
                             const std::stop_token& stop)
    : reads_(std::move(reads)),
      silence_(timeout ? std::nullopt : std::optional{client->silence()}),
      stream_(client, reads_.front().method, Deadline::after(checked(timeout)), stop) {}

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
    reading_.emplace(std::move(reads_.front()), stream_.client().target());
    reads_.pop_front();
  }
  const auto progress = Deadline::after(stream_.client().patience());
  while (!reading_->complete()) {
    ErrorDetails error;
    try {
      batch_ = receive(progress);
      left_ = batch_;
      if (!left_.empty()) return true;
      continue;
    } catch (const Error& failed) {
      stream_.close();
      error = failed.details();
    }
    const auto pause = reading_->pause_after(error, earlier(stream_.deadline(), progress).left());
    if (!pause) throw Error{error};
    stream_.stop().pause(*pause);
  }
  stream_.settle();
  reading_.reset();
  return true;
}

std::string ResultsSource::receive(const Deadline& progress) {
  const auto& read = reading_->read();
  if (!stream_.is_open()) reading_->begin();
  if (stream_.next(*read.request, *read.response, earlier(stream_.deadline(), progress), silence_)) return reading_->take();
  reading_->end();
  return {};
}

}  // namespace workflow_results::internal
