#include <gtest/gtest.h>

#include "bson/framing.hpp"
#include "workflow_results/error.hpp"

namespace workflow_results {
namespace {

std::string_view view(const Document& document) {
  return {reinterpret_cast<const char*>(document.bytes().data()), document.bytes().size()};
}

TEST(Document, IsMadeOfFields) {
  const DateTime time{std::chrono::milliseconds{-1}};
  const Document document{{"id", "a"},
                          {"small", 1},
                          {"large", std::int64_t{1}},
                          {"half", 0.5},
                          {"yes", true},
                          {"none", nullptr},
                          {"when", time},
                          {"list", Array{1, "two", Array{}}},
                          {"results", Document{{"dm", 348.8}}}};
  EXPECT_EQ(document.to_json(JsonMode::canonical),
            R"({ "id" : "a", "small" : { "$numberInt" : "1" }, "large" : { "$numberLong" : "1" }, )"
            R"("half" : { "$numberDouble" : "0.5" }, "yes" : true, "none" : null, )"
            R"("when" : { "$date" : { "$numberLong" : "-1" } }, "list" : [ { "$numberInt" : "1" }, "two", [  ] ], )"
            R"("results" : { "dm" : { "$numberDouble" : "348.80000000000001137" } } })");
  EXPECT_EQ(document.get<std::string>("id"), "a");
  EXPECT_EQ(document.get<std::int64_t>("small"), 1);
  EXPECT_EQ(document.get<std::int32_t>("large"), std::nullopt);
  EXPECT_EQ(document.get<double>("results.dm"), 348.8);
  EXPECT_EQ(document.get<DateTime>("when"), time);
  EXPECT_EQ(document.get<bool>("nothing"), std::nullopt);
  EXPECT_EQ(document.get<std::int32_t>(std::string_view{"small\0er", 8}), std::nullopt);
  EXPECT_TRUE(document.get<Document>("list"));
}

TEST(Document, IsAValue) {
  Document one{{"a", 1}};
  Document copy{one};
  copy.append("b", 2);
  EXPECT_EQ(one, (Document{{"a", 1}}));
  Document moved{std::move(copy)};
  EXPECT_TRUE(copy.empty());  // NOLINT(bugprone-use-after-move): which is defined
  EXPECT_EQ(moved.get<std::int32_t>("b"), 2);
  one = std::move(moved);
  EXPECT_EQ(one.get<std::int32_t>("b"), 2);
  one = *&one;
  EXPECT_EQ(one.get<std::int32_t>("a"), 1);
  EXPECT_EQ(Document{}.bytes().size(), 5U);
}

TEST(Document, RefusesWhatIsNone) {
  EXPECT_THROW(static_cast<void>(Document::from_json("{")), Error);
  for (const auto* bad : {"", "  ", "5", "[1, 2]", R"({"a": 1} {"b": 2})", R"({"a": 1} x)", R"({"a": 1}})"}) {
    EXPECT_THROW(static_cast<void>(Document::from_json(bad)), Error) << bad;
  }
  EXPECT_THROW(static_cast<void>(Document::from_json({})), Error);
  EXPECT_EQ(Document::from_json("\n {\"a\": 1}\n"), (Document{{"a", 1}}));
  EXPECT_THROW(static_cast<void>(Document::from_bytes({})), Error);
  EXPECT_THROW((Document{{"text", static_cast<const char*>(nullptr)}}), Error);
  EXPECT_THROW(Document{}.append(std::string_view{"a\0b", 3}, 1), Error);
  EXPECT_THROW((Document{{"n", std::uint64_t{1} << 63U}}), Error);
}

TEST(Framing, CutsAndRemovesTheIdOfMongoDB) {
  const Document with{{"_id", "a"}, {"id", "a"}, {"n", 1}};
  const Document without{{"id", "a"}, {"n", 1}};
  const auto both = std::string{view(with)} + std::string{view(without)};
  const auto found = internal::split(both);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(internal::without_mongodb_id(found->front()), without);
  EXPECT_EQ(internal::without_mongodb_id(found->back()), without);
  EXPECT_EQ(internal::split(both.substr(1)), std::nullopt);
  EXPECT_EQ(internal::split(both.substr(0, both.size() - 1)), std::nullopt);
}

}  // namespace
}  // namespace workflow_results
