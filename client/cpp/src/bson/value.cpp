#include <limits>
#include <string>

#include "workflow_results/document.hpp"
#include "workflow_results/error.hpp"

namespace workflow_results {

namespace {

constexpr const char* kName = "";  // of the only field of the holder of a value

}  // namespace

Array::Array(std::initializer_list<Value> values) {
  for (const auto& value : values) append(value);
}

void Array::append(const Value& value) { elements_.append(std::to_string(size_++), value); }

Value::Value(std::nullptr_t) { bson_append_null(holder_.bson(), kName, 0); }

Value::Value(std::string_view text) {
  bson_append_utf8(holder_.bson(), kName, 0, text.data(), static_cast<int>(text.size()));
}

Value::Value(const char* text) : Value(text != nullptr ? std::string_view{text} : throw Error::invalid("no text: a null pointer")) {}

Value::Value(const std::string& text) : Value(std::string_view{text}) {}

Value::Value(const Document& document) { bson_append_document(holder_.bson(), kName, 0, document.bson()); }

Value::Value(const Array& array) { bson_append_array(holder_.bson(), kName, 0, array.elements_.bson()); }

Value::Value(DateTime time) { bson_append_date_time(holder_.bson(), kName, 0, time.time_since_epoch().count()); }

Value::Value(const Binary& binary) {
  bson_append_binary(holder_.bson(), kName, 0, binary.subtype, binary.data.data(),
                     static_cast<std::uint32_t>(binary.data.size()));
}

Value::Value(const bson_oid_t& id) { bson_append_oid(holder_.bson(), kName, 0, &id); }

Value::Value(const bson_decimal128_t& decimal) { bson_append_decimal128(holder_.bson(), kName, 0, &decimal); }

Value::Value(const bson_value_t& value) { bson_append_value(holder_.bson(), kName, 0, &value); }

Value::Value(OfBool /*tag*/, bool value) { bson_append_bool(holder_.bson(), kName, 0, value); }

Value::Value(OfInt32 /*tag*/, std::int32_t value) { bson_append_int32(holder_.bson(), kName, 0, value); }

Value::Value(OfInt64 /*tag*/, std::int64_t value) { bson_append_int64(holder_.bson(), kName, 0, value); }

Value::Value(OfDouble /*tag*/, double value) { bson_append_double(holder_.bson(), kName, 0, value); }

std::int64_t Value::fitting(std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw Error::invalid("the number " + std::to_string(value) + " does not fit into an int64");
  }
  return static_cast<std::int64_t>(value);
}

}  // namespace workflow_results
