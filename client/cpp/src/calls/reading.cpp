#include "calls/reading.hpp"

#include <utility>

#include "bson/framing.hpp"
#include "transport/rpc_errors.hpp"

namespace workflow_results::internal {

Reading::Reading(ReadRequest read, const std::string& target)
    : read_(std::move(read)), what_(read_.method + " at " + target) {}

void Reading::begin() {
  count_ = 0;
  kept_.clear();
}

std::string Reading::take() {
  auto* part = read_.part(*read_.response);
  std::string documents;
  if (part->has_batch()) {
    documents = std::move(*part->mutable_batch()->mutable_results()->mutable_bson());
    const auto found = split(documents);
    if (!found) throw Error{{.message = what_ + " sent what is no BSON"}};
    count_ += static_cast<std::int64_t>(found->size());
    if (read_.resume != nullptr) read_.resume(*read_.request, part->batch().resume_token());
    attempts_.progress();
  }
  if (part->has_summary()) {
    if (part->summary().count() != count_) {
      throw Error{{.message = what_ + " lost results: " + std::to_string(count_) + " of " +
                              std::to_string(part->summary().count()) + " arrived"}};
    }
    complete_ = true;
  }
  if (read_.resume != nullptr) return documents;
  kept_ += documents;
  return complete_ ? std::exchange(kept_, {}) : std::string{};
}

void Reading::end() const {
  if (!complete_) throw Error{unavailable(what_ + " ended early, without a summary")};
}

}  // namespace workflow_results::internal
