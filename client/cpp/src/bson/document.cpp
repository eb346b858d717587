#include "workflow_results/document.hpp"

#include <algorithm>
#include <memory>

#include "workflow_results/error.hpp"

namespace workflow_results {

namespace {

const bson_t& empty_document() noexcept {
  static const bson_t kEmpty = BSON_INITIALIZER;
  return kEmpty;
}

bool at(const bson_t& document, std::string_view path, bson_iter_t& found) {
  bson_iter_t iterator;
  return path.find('\0') == std::string_view::npos && bson_iter_init(&iterator, &document) &&
         bson_iter_find_descendant(&iterator, std::string{path}.c_str(), &found);
}

Document nested(const bson_iter_t& iterator) {
  const std::uint8_t* data = nullptr;
  std::uint32_t length = 0;
  if (BSON_ITER_HOLDS_DOCUMENT(&iterator)) {
    bson_iter_document(&iterator, &length, &data);
  } else {
    bson_iter_array(&iterator, &length, &data);
  }
  return Document::from_bytes({data, length});
}

bool read(const bson_iter_t& iterator, bool& value) {
  value = bson_iter_bool(&iterator);
  return BSON_ITER_HOLDS_BOOL(&iterator);
}

bool read(const bson_iter_t& iterator, std::int32_t& value) {
  value = bson_iter_int32(&iterator);
  return BSON_ITER_HOLDS_INT32(&iterator);
}

bool read(const bson_iter_t& iterator, std::int64_t& value) {
  if (!BSON_ITER_HOLDS_INT(&iterator)) return false;
  value = bson_iter_as_int64(&iterator);
  return true;
}

bool read(const bson_iter_t& iterator, double& value) {
  if (!BSON_ITER_HOLDS_DOUBLE(&iterator) && !BSON_ITER_HOLDS_INT(&iterator)) return false;
  value = bson_iter_as_double(&iterator);
  return true;
}

bool read(const bson_iter_t& iterator, std::string& value) {
  if (!BSON_ITER_HOLDS_UTF8(&iterator)) return false;
  std::uint32_t length = 0;
  const char* text = bson_iter_utf8(&iterator, &length);
  value.assign(text, length);
  return true;
}

bool read(const bson_iter_t& iterator, DateTime& value) {
  value = DateTime{std::chrono::milliseconds{bson_iter_date_time(&iterator)}};
  return BSON_ITER_HOLDS_DATE_TIME(&iterator);
}

bool read(const bson_iter_t& iterator, bson_oid_t& value) {
  if (!BSON_ITER_HOLDS_OID(&iterator)) return false;
  bson_oid_copy(bson_iter_oid(&iterator), &value);
  return true;
}

bool read(const bson_iter_t& iterator, bson_decimal128_t& value) {
  return BSON_ITER_HOLDS_DECIMAL128(&iterator) && bson_iter_decimal128(&iterator, &value);
}

bool read(const bson_iter_t& iterator, Binary& value) {
  if (!BSON_ITER_HOLDS_BINARY(&iterator)) return false;
  const std::uint8_t* data = nullptr;
  std::uint32_t length = 0;
  bson_iter_binary(&iterator, &value.subtype, &length, &data);
  value.data.assign(data, data + length);
  return true;
}

bool read(const bson_iter_t& iterator, Document& value) {
  if (!BSON_ITER_HOLDS_DOCUMENT(&iterator) && !BSON_ITER_HOLDS_ARRAY(&iterator)) return false;
  value = nested(iterator);
  return true;
}

}  // namespace

Document::Document(std::initializer_list<Field> fields) {
  for (const auto& field : fields) append(field.name, field.value);
}

Document::Document(const bson_t& document) : document_(bson_copy(&document)) {}

Document::Document(const Document& other) : document_(other.document_ != nullptr ? bson_copy(other.document_) : nullptr) {}

Document& Document::operator=(const Document& other) {
  return *this = Document{other};
}

Document Document::from_json(std::string_view json) {
  // libbson takes an array for a document, and of several documents the first one.
  if (!json.substr(std::min(json.find_first_not_of(" \t\r\n"), json.size())).starts_with('{')) {
    throw Error::invalid("not valid Extended JSON: a document begins with {");
  }
  const std::unique_ptr<bson_json_reader_t, decltype(&bson_json_reader_destroy)> reader{
      bson_json_data_reader_new(false, 0), &bson_json_reader_destroy};
  bson_json_data_reader_ingest(reader.get(), reinterpret_cast<const std::uint8_t*>(json.data()), json.size());
  bson_error_t error{};
  Document made;
  if (bson_json_reader_read(reader.get(), made.bson(), &error) != 1) {
    throw Error::invalid(std::string{"not valid Extended JSON: "} + static_cast<const char*>(error.message));
  }
  if (Document more; bson_json_reader_read(reader.get(), more.bson(), &error) != 0) {
    throw Error::invalid("not valid Extended JSON: there is more behind the document");
  }
  return made;
}

Document Document::from_bytes(std::span<const std::uint8_t> bytes) {
  Document made;
  if (!bytes.empty()) made.document_ = bson_new_from_data(bytes.data(), bytes.size());
  if (made.document_ == nullptr) throw Error::invalid("not a BSON document: its length is wrong");
  return made;
}

Document& Document::append(std::string_view name, const Value& value) {
  if (name.find('\0') != std::string_view::npos) throw Error::invalid("the name of a field must not contain NUL");
  bson_iter_t iterator;
  if (!bson_iter_init(&iterator, value.holder_.bson()) || !bson_iter_next(&iterator) ||
      !bson_append_iter(bson(), name.data(), static_cast<int>(name.size()), &iterator)) {
    throw Error::invalid("the field " + std::string{name} + " does not fit into the document");
  }
  return *this;
}

template <Readable T>
std::optional<T> Document::get(std::string_view path) const {
  bson_iter_t found;
  T value{};
  if (!at(*bson(), path, found) || !read(found, value)) return std::nullopt;
  return value;
}

template std::optional<bool> Document::get(std::string_view path) const;
template std::optional<std::int32_t> Document::get(std::string_view path) const;
template std::optional<std::int64_t> Document::get(std::string_view path) const;
template std::optional<double> Document::get(std::string_view path) const;
template std::optional<std::string> Document::get(std::string_view path) const;
template std::optional<DateTime> Document::get(std::string_view path) const;
template std::optional<bson_oid_t> Document::get(std::string_view path) const;
template std::optional<bson_decimal128_t> Document::get(std::string_view path) const;
template std::optional<Binary> Document::get(std::string_view path) const;
template std::optional<Document> Document::get(std::string_view path) const;

std::string Document::to_json(JsonMode mode) const {
  std::size_t length = 0;
  char* text = mode == JsonMode::relaxed ? bson_as_relaxed_extended_json(bson(), &length)
                                         : bson_as_canonical_extended_json(bson(), &length);
  const std::unique_ptr<char, decltype(&bson_free)> held{text, &bson_free};
  if (text == nullptr) throw Error::invalid("the document is broken BSON");
  return {text, length};
}

std::span<const std::uint8_t> Document::bytes() const noexcept { return {bson_get_data(bson()), bson()->len}; }

const bson_t* Document::bson() const noexcept { return document_ != nullptr ? document_ : &empty_document(); }

bson_t* Document::bson() {
  if (document_ == nullptr) document_ = bson_new();
  return document_;
}

bool Document::empty() const noexcept { return bson()->len == empty_document().len; }

bool operator==(const Document& one, const Document& other) noexcept {
  return std::ranges::equal(one.bytes(), other.bytes());
}

}  // namespace workflow_results
