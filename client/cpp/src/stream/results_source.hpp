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
  /// @param reads The requests, all of one method, whose results come one after another.
  /// @param timeout The time for all of them; none for no limit.
  ResultsSource(const std::shared_ptr<Client>& client, std::deque<ReadRequest> reads, const Timeout& timeout,
                const std::stop_token& stop);

  std::optional<Document> next() override;
  void cancel() noexcept override { stream_.stop().request(); }

 private:
  /// Waits for more results of the read under way; returns whether there are any.
  [[nodiscard]] bool fetch();
  [[nodiscard]] std::string receive(const Deadline& progress);

  std::deque<ReadRequest> reads_;
  std::optional<Milliseconds> silence_;
  std::optional<Reading> reading_{};
  ServerStream stream_;
  std::string batch_{};
  std::string_view left_{};  // of the batch
};

}  // namespace workflow_results::internal
