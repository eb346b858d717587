// MongoDB's driver, for the benchmark: it inserts and finds what the testee deposits and reads.

#include <mongoc/mongoc.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <stdexcept>

#include "testee/testee.hpp"

namespace {

using testee::Command;
using testee::Document;

constexpr std::int64_t kBatch = 1'000;

template <auto destroy>
struct Destroy {
  void operator()(auto* what) const { destroy(what); }
};
using Client = std::unique_ptr<mongoc_client_t, Destroy<mongoc_client_destroy>>;
using Collection = std::unique_ptr<mongoc_collection_t, Destroy<mongoc_collection_destroy>>;

Client connect(const Command& command) { return Client{mongoc_client_new(command.get<std::string>("uri").c_str())}; }

Collection collection(const Client& client, const Command& command) {
  return Collection{mongoc_client_get_collection(client.get(), command.get<std::string>("database").c_str(),
                                                 command.get<std::string>("pipeline").c_str())};
}

void check(bool ok, const bson_error_t& error) {
  if (!ok) throw std::runtime_error{static_cast<const char*>(error.message)};
}

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>{std::chrono::steady_clock::now() - began}.count();
}

Document insert(testee::Session&, const Command& command) {
  const auto client = connect(command);
  const auto into = collection(client, command);
  const auto pipeline = command.get<std::string>("pipeline");
  const std::string padding(static_cast<std::size_t>(command.get<std::int64_t>("padding")), 'x');
  const Document options{{"ordered", false}, {"writeConcern", Document{{"w", "majority"}, {"j", true}}}};
  const auto last = command.get<std::int64_t>("to");
  const auto began = std::chrono::steady_clock::now();
  for (auto first = command.get<std::int64_t>("from"); first < last; first += kBatch) {
    std::vector<Document> works;
    const bson_t* pointers[kBatch]{};  // of attributes that a template would ignore
    for (auto number = first; number < std::min(first + kBatch, last); ++number) {
      auto work = testee::work_with(pipeline, number, padding);
      works.push_back(work.append("_id", work.get<std::string>("id").value_or("")));
    }
    std::ranges::transform(works, std::begin(pointers), [](const Document& work) { return work.bson(); });
    bson_error_t error{};
    check(mongoc_collection_insert_many(into.get(), std::data(pointers), works.size(), options.bson(), nullptr, &error), error);
  }
  return {{"seconds", seconds_since(began)}};
}

Document find(testee::Session&, const Command& command) {
  const auto client = connect(command);
  const auto from = collection(client, command);
  const Document all;
  const Document options{{"sort", Document{{"_id", -1}}}};
  const auto began = std::chrono::steady_clock::now();
  const std::unique_ptr<mongoc_cursor_t, Destroy<mongoc_cursor_destroy>> cursor{
      mongoc_collection_find_with_opts(from.get(), all.bson(), options.bson(), nullptr)};
  const bson_t* found = nullptr;
  std::int64_t count = 0;
  std::size_t length = 0;
  while (mongoc_cursor_next(cursor.get(), &found)) {
    length += Document{*found}.get<std::string>("id").value_or("").size();  // as `drain` does
    ++count;
  }
  bson_error_t error{};
  check(!mongoc_cursor_error(cursor.get(), &error), error);
  return {{"count", count}, {"seconds", seconds_since(began)}, {"length", static_cast<std::int64_t>(length)}};
}

}  // namespace

int main() {
  mongoc_init();
  testee::run({{"driver_insert", insert}, {"driver_find", find}});
  mongoc_cleanup();
  return 0;
}
