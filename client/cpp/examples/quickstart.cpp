#include <workflow_results/results.hpp>

#include <iostream>

namespace wr = workflow_results;

int main() try {
  const wr::Results results;  // where WORKFLOW_RESULTS_TARGET says, else at localhost:50051

  std::vector<wr::Document> works;
  for (int number = 1; number <= 3; ++number) {
    works.push_back({{"id", "burst-" + std::to_string(number)},
                     {"pipeline", "tutorial"},
                     {"status", "success"},
                     {"results", wr::Document{{"dm", 300.5 + number}}}});
  }
  for (const auto& receipt : results.deposit(works)) {
    std::cout << receipt.id << ' ' << to_string(receipt.outcome) << '\n';
  }

  const auto query = wr::Document::from_json(R"({"results.dm": {"$gt": 302}})");
  for (auto&& result : results.view("tutorial", {.query = query, .limit = 10})) {
    std::cout << result.to_json() << ", dm " << result.get<double>("results.dm").value_or(0) << '\n';
  }

  auto watch = results.watch({.pipelines = {"tutorial"}});
  std::cout << std::boolalpha << "locked: " << results.lock("tutorial", {"burst-1"}, {.reason = "checked"}).applied << '\n';
  if (const auto change = watch.next()) {
    std::cout << to_string(change->kind) << ' ' << change->id << ": " << change->reason << '\n';
  }
  std::cout << "unlocked: " << results.unlock("tutorial", {"burst-1"}, {.force = true}).locked_count << '\n';
} catch (const wr::Error& error) {
  std::cerr << to_string(error.kind()) << ": " << error.what() << '\n';
  return 1;
}
