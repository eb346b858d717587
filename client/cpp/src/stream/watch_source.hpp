#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <stop_token>

#include "calls/watching.hpp"
#include "stream/server_stream.hpp"
#include "workflow_results/stream.hpp"

namespace workflow_results::internal {

/// Changes as they are made, through one stream after another.
class WatchSource final : public Source<Change> {
 public:
  /// Begins to watch, and returns when the service has begun, too.
  /// @throws Error It failed.
  WatchSource(const std::shared_ptr<Client>& client, v1::WatchRequest request, const Timeout& timeout,
              const std::stop_token& stop);

  std::optional<Change> next() override;
  void cancel() noexcept override { stream_.stop().request(); }
  [[nodiscard]] std::string resume_token() const override { return watching_.token(); }

 private:
  /// Waits for a response; returns whether there is one, and not the end.
  [[nodiscard]] bool receive();

  ServerStream stream_;
  Watching watching_;
  std::deque<Arrived> arrived_{};
};

}  // namespace workflow_results::internal
