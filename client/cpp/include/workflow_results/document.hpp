#pragma once

#include <bson/bson.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace workflow_results {

/// A date of BSON: milliseconds since 1970, in UTC.
using DateTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Binary data of BSON.
struct Binary {
  std::vector<std::uint8_t> data{};               ///< The bytes.
  bson_subtype_t subtype = BSON_SUBTYPE_BINARY;  ///< What they are.
};

/// How a document is written as Extended JSON v2.
enum class JsonMode : std::uint8_t {
  relaxed,    ///< Easy to read; numeric types are lost.
  canonical,  ///< Keeps every type.
};

struct Field;

/// The types of values that can be read from a document.
template <class T>
concept Readable =
    std::same_as<T, bool> || std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t> || std::same_as<T, double> ||
    std::same_as<T, std::string> || std::same_as<T, DateTime> || std::same_as<T, bson_oid_t> ||
    std::same_as<T, bson_decimal128_t> || std::same_as<T, Binary> || std::same_as<T, class Document>;

/// A BSON document: a work, a result, a query or a projection.
///
/// A value: copies are deep, and moving is cheap. It keeps its bytes as they are, so that every type of BSON and the order
/// of the fields survive. One that was moved from is empty.
class Document {
 public:
  /// Makes an empty document.
  Document() noexcept = default;

  /// Makes a document of fields, in this order: `Document{{"id", "a"}, {"results", Document{{"dm", 348.8}}}}`.
  /// @throws Error A name has NUL in it.
  Document(std::initializer_list<Field> fields);

  /// Copies a document of libbson.
  explicit Document(const bson_t& document);

  Document(const Document& other);
  Document(Document&& other) noexcept : document_(std::exchange(other.document_, nullptr)) {}
  Document& operator=(const Document& other);
  Document& operator=(Document&& other) noexcept {
    Document taken{std::move(other)};
    std::swap(document_, taken.document_);
    return *this;
  }
  ~Document() { bson_destroy(document_); }

  /// Reads MongoDB Extended JSON v2, relaxed or canonical.
  /// @throws Error It is not valid.
  [[nodiscard]] static Document from_json(std::string_view json);

  /// Copies a document that is encoded as BSON.
  ///
  /// Only its frame is looked at, which is its length and its end: the service checks the rest.
  /// @throws Error The length is wrong.
  [[nodiscard]] static Document from_bytes(std::span<const std::uint8_t> bytes);

  /// Appends a field, and returns the document; a name that is there already is not replaced.
  /// @throws Error The name has NUL in it, or the document becomes larger than 2 GiB.
  Document& append(std::string_view name, const class Value& value);

  /// Returns a value, if there is one at the path and it is of this type.
  ///
  /// A std::int64_t takes int32, too, a double takes integers, and a Document takes arrays.
  /// @param path The name of a field, or names with dots between them: `results.dm`.
  template <Readable T>
  [[nodiscard]] std::optional<T> get(std::string_view path) const;

  /// Returns the document as Extended JSON v2.
  /// @throws Error Its BSON is broken.
  [[nodiscard]] std::string to_json(JsonMode mode = JsonMode::relaxed) const;

  /// Returns its BSON, which is valid until the document is changed.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept;

  /// Returns it for reading with libbson.
  [[nodiscard]] const bson_t* bson() const noexcept;

  /// Returns it for changing it with libbson.
  [[nodiscard]] bson_t* bson();

  /// Returns whether it has no fields.
  [[nodiscard]] bool empty() const noexcept;

  /// Returns whether two documents have the same bytes.
  friend bool operator==(const Document& one, const Document& other) noexcept;

 private:
  bson_t* document_ = nullptr;  // null stands for the empty document
};

/// An array of BSON: `Array{1, "two", nullptr}`.
class Array {
 public:
  /// Makes an array of values, in this order.
  Array(std::initializer_list<class Value> values);

  /// Makes an array of the elements of a vector.
  template <class T>
  explicit Array(const std::vector<T>& values);

  /// Appends a value.
  void append(const class Value& value);

 private:
  friend class Value;
  Document elements_{};
  std::uint32_t size_ = 0;
};

/// A value of BSON. It is made of values of C++ without being named.
///
/// Integers of up to 32 bits become int32, larger types int64.
class Value {
 public:
  Value(std::nullptr_t);                      ///< null
  Value(std::string_view text);               ///< A string, in UTF-8.
  Value(const char* text);                    ///< A string, in UTF-8.
  Value(const std::string& text);             ///< A string, in UTF-8.
  Value(const Document& document);            ///< A document in the document.
  Value(const Array& array);                  ///< An array.
  Value(DateTime time);                       ///< A date.
  Value(const Binary& binary);                ///< Binary data.
  Value(const bson_oid_t& id);                ///< An ObjectId.
  Value(const bson_decimal128_t& decimal);    ///< A number of 34 decimal digits.
  Value(const bson_value_t& value);           ///< Any value of libbson.

  /// A bool, an int32 or an int64.
  /// @throws Error It does not fit into an int64.
  template <std::integral T>
  Value(T number);

  /// A double.
  template <std::floating_point T>
  Value(T number) : Value(OfDouble{}, static_cast<double>(number)) {}

 private:
  friend class Document;
  struct OfBool {};
  struct OfInt32 {};
  struct OfInt64 {};
  struct OfDouble {};

  Value(OfBool tag, bool value);
  Value(OfInt32 tag, std::int32_t value);
  Value(OfInt64 tag, std::int64_t value);
  Value(OfDouble tag, double value);
  [[nodiscard]] static std::int64_t fitting(std::uint64_t value);

  template <std::integral T>
  [[nodiscard]] static Value of_integer(T number);

  Document holder_{};  // whose only field is the value
};

/// A field of a document.
struct Field {
  std::string_view name;  ///< Its name.
  Value value;            ///< Its value.
};

template <std::integral T>
Value Value::of_integer(T number) {
  if constexpr (std::same_as<T, bool>) {
    return {OfBool{}, number};
  } else if constexpr (sizeof(T) < sizeof(std::int32_t) || std::same_as<T, std::int32_t>) {
    return {OfInt32{}, static_cast<std::int32_t>(number)};
  } else if constexpr (std::unsigned_integral<T>) {
    return {OfInt64{}, fitting(number)};
  } else {
    return {OfInt64{}, static_cast<std::int64_t>(number)};
  }
}

template <std::integral T>
Value::Value(T number) : Value(of_integer(number)) {}

template <class T>
Array::Array(const std::vector<T>& values) {
  for (const auto& value : values) append(value);
}

}  // namespace workflow_results
