#include "bson/framing.hpp"

#include <cstdint>
#include <cstring>
#include <string>

namespace workflow_results::internal {

namespace {

constexpr std::size_t kSmallest = 5;  // bytes of the empty document
constexpr std::size_t kHead = 4;      // bytes of the length

const std::uint8_t* data_of(std::string_view bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

}  // namespace

std::size_t framed_length(std::string_view documents) {
  std::uint32_t length = 0;
  std::memcpy(&length, documents.data(), sizeof length);
  return BSON_UINT32_FROM_LE(length);
}

std::optional<std::vector<std::string_view>> split(std::string_view documents) {
  std::vector<std::string_view> found;
  while (!documents.empty()) {
    if (documents.size() < kSmallest) return std::nullopt;
    const auto length = framed_length(documents);
    if (length < kSmallest || length > documents.size()) return std::nullopt;
    found.push_back(documents.substr(0, length));
    documents.remove_prefix(length);
  }
  return found;
}

Document without_mongodb_id(std::string_view document) {
  bson_iter_t iterator;
  if (!bson_iter_init_from_data(&iterator, data_of(document), document.size()) || !bson_iter_next(&iterator) ||
      std::string_view{bson_iter_key(&iterator)} != "_id") {
    return Document::from_bytes({data_of(document), document.size()});
  }
  const auto rest = document.substr(iterator.next_off);
  const auto length = BSON_UINT32_TO_LE(static_cast<std::uint32_t>(kHead + rest.size()));
  std::string bytes(kHead, '\0');
  bytes.reserve(kHead + rest.size());
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes += rest;
  return Document::from_bytes({data_of(bytes), bytes.size()});
}

}  // namespace workflow_results::internal
