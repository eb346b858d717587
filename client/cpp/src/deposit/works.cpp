#include "deposit/works.hpp"

#include <array>
#include <string_view>

namespace workflow_results::internal {

namespace {

std::string new_id() {
  bson_oid_t id;
  bson_oid_init(&id, nullptr);
  std::array<char, 25> text{};
  bson_oid_to_string(&id, text.data());
  return text.data();
}

/// Returns a copy with an id: in the place of one that is null, else at the end.
Document with_id(const Document& given, const std::string& id) {
  Document made;
  bool placed = false;
  bson_iter_t iterator;
  bson_iter_init(&iterator, given.bson());
  while (bson_iter_next(&iterator)) {
    if (!placed && std::string_view{bson_iter_key(&iterator)} == "id") {
      made.append("id", id);
      placed = true;
    } else {
      bson_append_iter(made.bson(), nullptr, 0, &iterator);
    }
  }
  if (!placed) made.append("id", id);
  return made;
}

}  // namespace

Work prepared(const Document& given) {
  Work work;
  bool has_id = false;
  bson_iter_t iterator;
  bool readable = bson_iter_init(&iterator, given.bson());
  while (readable && bson_iter_next(&iterator)) {
    const std::string_view name{bson_iter_key(&iterator)};
    if (name == "id" && !BSON_ITER_HOLDS_NULL(&iterator)) has_id = true;
    if ((name != "id" && name != "pipeline") || !BSON_ITER_HOLDS_UTF8(&iterator)) continue;
    std::uint32_t length = 0;
    const char* text = bson_iter_utf8(&iterator, &length);
    (name == "id" ? work.id : work.pipeline).assign(text, length);
  }
  readable = readable && iterator.err_off == 0;
  if (has_id || !readable) {
    work.document = given;
  } else {
    work.id = new_id();
    work.document = with_id(given, work.id);
  }
  return work;
}

std::string too_large(const Work& work) {
  const auto size = work.bson().size();
  if (size <= kWorkBytes) return {};
  return "TOO_LARGE: has " + std::to_string(size) + " bytes of BSON; at most " + std::to_string(kWorkBytes) + " are stored";
}

}  // namespace workflow_results::internal
