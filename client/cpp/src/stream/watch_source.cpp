#include "stream/watch_source.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "transport/rpc_errors.hpp"

namespace workflow_results::internal {

namespace {

constexpr Milliseconds kSilence{60'000};  // four times as long as the service may be silent

}  // namespace

WatchSource::WatchSource(const std::shared_ptr<Client>& client, v1::WatchRequest request, const Timeout& timeout,
                         const std::stop_token& stop)
    : stream_(client, "Watch", Deadline::after(checked(timeout)), stop),
      watching_(std::move(request), client->target()) {
  if (!receive()) throw Error{stopped("Watch", false)};
}

std::optional<Change> WatchSource::next() {
  while (arrived_.empty()) {
    if (!receive()) return std::nullopt;
  }
  if (stream_.stop().requested()) return std::nullopt;
  const auto arrived = std::move(arrived_.front());
  arrived_.pop_front();
  return watching_.hand_on(arrived);
}

bool WatchSource::receive() {
  std::optional<Deadline> failing;  // by when the service must answer again
  for (;;) {
    const auto connect = failing.value_or(Deadline::after(stream_.client().patience()));
    ErrorDetails error;
    try {
      v1::WatchResponse response;
      if (stream_.next(watching_.request(), response, earlier(stream_.deadline(), connect), kSilence)) {
        std::ranges::move(watching_.take(std::move(response)), std::back_inserter(arrived_));
        return true;
      }
      error = watching_.ended();
    } catch (const Error& failed) {
      stream_.close();
      error = failed.details();
    }
    if (stream_.stop().requested()) return false;
    if (!failing) failing = Deadline::after(stream_.client().patience());
    const auto pause = watching_.pause_after(error, earlier(stream_.deadline(), *failing).left());
    if (!pause) throw Error{error};
    stream_.stop().pause(*pause);
  }
}

}  // namespace workflow_results::internal
