// Documents through the types of the client: each value is read as the type that `get` has for it, and put in again.

#include "testee/testee.hpp"

namespace testee {

namespace {

using workflow_results::Value;

/// Calls a function with the name and the value of each field, in their order.
void for_each_field(const Document& document, const std::function<void(std::string_view, const Value&)>& use);

Value value_of(bson_iter_t& field) {
  Document alone;  // where a path finds it, whatever its name is
  bson_append_iter(alone.bson(), "v", 1, &field);
  switch (bson_iter_type(&field)) {
    case BSON_TYPE_NULL: return nullptr;
    case BSON_TYPE_BOOL: return alone.get<bool>("v").value();
    case BSON_TYPE_INT32: return alone.get<std::int32_t>("v").value();
    case BSON_TYPE_INT64: return alone.get<std::int64_t>("v").value();
    case BSON_TYPE_DOUBLE: return alone.get<double>("v").value();
    case BSON_TYPE_UTF8: return alone.get<std::string>("v").value();
    case BSON_TYPE_DATE_TIME: return alone.get<workflow_results::DateTime>("v").value();
    case BSON_TYPE_OID: return alone.get<bson_oid_t>("v").value();
    case BSON_TYPE_DECIMAL128: return alone.get<bson_decimal128_t>("v").value();
    case BSON_TYPE_BINARY: return alone.get<workflow_results::Binary>("v").value();
    case BSON_TYPE_DOCUMENT: return rebuilt(alone.get<Document>("v").value());
    case BSON_TYPE_ARRAY: {
      Array elements{};
      for_each_field(alone.get<Document>("v").value(), [&elements](auto, const Value& value) { elements.append(value); });
      return elements;
    }
    default: return *bson_iter_value(&field);  // of types that only libbson has
  }
}

void for_each_field(const Document& document, const std::function<void(std::string_view, const Value&)>& use) {
  bson_iter_t field;
  bson_iter_init(&field, document.bson());
  while (bson_iter_next(&field)) use(bson_iter_key(&field), value_of(field));
}

}  // namespace

Document rebuilt(const Document& document) {
  Document made;
  for_each_field(document, [&made](std::string_view name, const Value& value) { made.append(name, value); });
  return made;
}

}  // namespace testee
