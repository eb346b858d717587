#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "workflow_results/document.hpp"

namespace workflow_results::internal {

/// Cuts BSON documents that stand back to back; returns nothing if a length is wrong.
[[nodiscard]] std::optional<std::vector<std::string_view>> split(std::string_view documents);

/// Returns the length of the first of some documents, of which `split` has found the lengths right.
[[nodiscard]] std::size_t framed_length(std::string_view documents);

/// Makes a result of a document of the service: the same without MongoDB's `_id`, which comes first.
[[nodiscard]] Document without_mongodb_id(std::string_view document);

}  // namespace workflow_results::internal
