#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "calls/reading.hpp"
#include "stream/server_stream.hpp"
#include "workflow_results/stream.hpp"

namespace workflow_results::internal {

/// The results of one or several reads, which go on where they break.
class ResultsSource final : public Source<Document> {
 public:
  /// @param reads The requests, whose results come one after another.
  /// @param timeout The time for all of them; none for no limit.
  ResultsSource(std::shared_ptr<Client> client, std::deque<ReadRequest> reads, const Timeout& timeout,
                std::stop_token stop);

  std::optional<Document> next() override;
  void cancel() noexcept override { cancelling_.request_stop(); }

 private:
  /// Waits for more results of the read under way; returns whether there are any.
  [[nodiscard]] bool fetch();
  [[nodiscard]] std::string receive(const Deadline& progress);

  std::shared_ptr<Client> client_;
  std::deque<ReadRequest> reads_;
  Deadline deadline_;
  std::optional<Milliseconds> silence_;
  std::stop_source cancelling_{};
  std::stop_callback<std::function<void()>> on_stop_;
  std::optional<Reading> reading_{};
  std::optional<ServerStream> stream_{};
  std::string batch_{};
  std::string_view left_{};  // of the batch
};

}  // namespace workflow_results::internal
