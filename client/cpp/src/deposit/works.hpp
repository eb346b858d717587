#pragma once

#include <cstddef>
#include <string>

#include "workflow_results/document.hpp"

namespace workflow_results::internal {

/// The largest work, in bytes of BSON.
inline constexpr std::size_t kWorkBytes = (std::size_t{16} << 20) - (std::size_t{16} << 10);

/// A work that is ready to be sent.
struct Work {
  Document document{};    ///< The work, with an id.
  std::string pipeline{};  ///< Its pipeline, as far as it can be read.
  std::string id{};        ///< Its id, likewise.

  /// Returns its BSON.
  [[nodiscard]] std::string_view bson() const noexcept {
    const auto bytes = document.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// Gives a work an id if it has none. One that can't be read stays as it is: the service says what is wrong.
[[nodiscard]] Work prepared(const Document& given);

/// Explains why a work is too large to be sent; empty if it is not.
[[nodiscard]] std::string too_large(const Work& work);

}  // namespace workflow_results::internal
