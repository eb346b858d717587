#pragma once

#include <cstddef>
#include <mutex>
#include <stop_token>
#include <vector>

#include "deposit/works.hpp"
#include "transport/client.hpp"
#include "workflow_results/outcomes.hpp"

namespace workflow_results::internal {

/// The works of a request, by their positions: from the first one to before the last one.
struct Range {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// Divides works into requests of about 1 MiB; one that is larger goes alone.
[[nodiscard]] std::vector<Range> divided(const std::vector<Work>& works);

/// Returns how many requests may be under way at a time: one where two works name the same result, which are taken in their
/// order, so that their requests must not overtake each other.
[[nodiscard]] std::size_t most_in_flight(const std::vector<Work>& works);

/// Deposits works, with several requests under way at a time.
/// @throws Error It failed; its `works` are all works with their ids.
[[nodiscard]] std::vector<Receipt> deposit(Client& client, const std::vector<Document>& works, const Deadline& deadline,
                                           const std::stop_token& stop);

}  // namespace workflow_results::internal
