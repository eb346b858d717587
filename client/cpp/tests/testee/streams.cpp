#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <deque>

#include "testee/testee.hpp"

namespace testee {

using workflow_results::ResultStream;

namespace {

constexpr std::size_t kMostPending = 20'000;

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>{std::chrono::steady_clock::now() - began}.count();
}

std::shared_ptr<Opened> opened(const Session& session, const Command& command) {
  return session.opened(command.get<std::string>("stream"));
}

Document change(const Change& change) {
  Document told{{"kind", to_string(change.kind)},
                {"pipeline", change.pipeline},
                {"id", change.id},
                {"caller", change.caller},
                {"reason", change.reason},
                {"fields", Array{change.fields}},
                {"resume_token", hexadecimal(change.resume_token)}};
  if (change.result) {
    told.append("result", hexadecimal(*change.result));
  } else {
    told.append("result", nullptr);
  }
  if (change.time) {
    told.append("time", change.time->time_since_epoch().count());
  } else {
    told.append("time", nullptr);
  }
  return told;
}

Document open(Session& session, const Command& command) {
  const auto client = session.client(command.get<std::string>("client"));
  const auto what = command.get<std::string>("what");
  if (what != "watch") {
    auto results = read(client, what, command);
    session.open(command.get<std::string>("stream"))->results.emplace(std::move(results));
    return {};
  }
  auto watch = client.watch({.pipelines = command.strings("pipelines"),
                             .query = command.document("query"),
                             .projection = command.document("projection"),
                             .snapshot = command.get<bool>("snapshot"),
                             .resume_token = command.bytes("resume_token"),
                             .timeout = command.timeout()});
  session.open(command.get<std::string>("stream"))->watch.emplace(std::move(watch));
  return {};
}

Document next(Session& session, const Command& command) {
  const auto stream = opened(session, command);
  const auto count = command.get<std::int64_t>("count");
  Array found{};
  bool ended = false;
  for (std::int64_t number = 0; number < count && !ended; ++number) {
    if (stream->watch) {
      const auto each = stream->watch->next();
      ended = !each;
      if (each) found.append(change(*each));
    } else {
      const auto each = stream->results->next();
      ended = !each;
      if (each) found.append(hexadecimal(*each));
    }
  }
  return {{stream->watch ? "changes" : "results", found}, {"end", ended}};
}

Document drain(Session& session, const Command& command) {
  const auto stream = opened(session, command);
  const auto began = std::chrono::steady_clock::now();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  std::string last;
  bool ordered = true;
  for (auto&& result : *stream->results) {
    const auto id = result.get<std::string>("id").value_or("");
    EVP_DigestUpdate(digest.get(), id.data(), id.size());
    EVP_DigestUpdate(digest.get(), "\n", 1);
    ordered = ordered && (stream->told == 0 || id < last);
    last = id;
    ++stream->told;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int length = 0;
  EVP_DigestFinal_ex(digest.get(), hash.data(), &length);
  return {{"count", stream->told.load()},
          {"digest", hexadecimal(std::string_view{reinterpret_cast<const char*>(hash.data()), length})},
          {"ordered", ordered},
          {"seconds", seconds_since(began)}};
}

Document send(Session& session, const Command& command) {
  const auto stream = opened(session, command);
  std::vector<workflow_results::PendingReceipt> pending;
  for (const auto& work : command.documents("works")) pending.push_back(stream->depositor->deposit(work));
  std::vector<Receipt> found;
  found.reserve(pending.size());
  for (const auto& each : pending) found.push_back(each.get());
  return receipts(found);
}

Document send_many(Session& session, const Command& command) {
  const auto stream = opened(session, command);
  const auto pipeline = command.get<std::string>("pipeline");
  const std::string padding(static_cast<std::size_t>(command.get<std::int64_t>("padding")), 'x');
  const auto began = std::chrono::steady_clock::now();
  std::map<std::string, std::int64_t> counts;
  std::deque<workflow_results::PendingReceipt> pending;
  const auto settle = [&] {
    ++counts[std::string{to_string(pending.front().get().outcome)}];
    pending.pop_front();
    ++stream->told;
  };
  const auto last = command.get<std::int64_t>("to");
  for (auto number = command.get<std::int64_t>("from"); number < last; ++number) {
    pending.push_back(stream->depositor->deposit(work_with(pipeline, number, padding)));
    while (!pending.empty() && (pending.size() > kMostPending || pending.front().ready())) settle();
  }
  while (!pending.empty()) settle();
  Document outcomes;
  for (const auto& [outcome, count] : counts) outcomes.append(outcome, count);
  return {{"outcomes", outcomes}, {"seconds", seconds_since(began)}};
}

Document shut(Session& session, const Command& command) {
  const auto stream = opened(session, command);
  session.forget(command.get<std::string>("stream"));
  if (stream->watch) stream->watch->cancel();
  if (stream->results) stream->results->cancel();
  if (stream->depositor) stream->depositor->close();
  return {};
}

}  // namespace

ResultStream read(const Results& client, const std::string& what, const Command& command) {
  const auto pipeline = command.get<std::string>("pipeline");
  const auto timeout = command.timeout();
  if (what == "get_by_count") {
    return client.get_by_count(pipeline, {.count = command.get<std::int64_t>("count"), .timeout = timeout});
  }
  if (what == "get_by_id") return client.get_by_id(pipeline, command.strings("ids"), {.timeout = timeout});
  if (what == "get_by_event") {
    return client.get_by_event(pipeline, std::stoll(command.get<std::string>("event_number")), {.timeout = timeout});
  }
  if (what == "get_locked") {
    return client.get_locked(pipeline, {.skip = command.get<std::int64_t>("skip"),
                                        .count = command.get<std::int64_t>("count"),
                                        .timeout = timeout});
  }
  if (what == "top") {
    return client.top(pipeline, command.get<std::string>("field"),
                      {.limit = command.get<std::int32_t>("limit", 100),
                       .ascending = command.get<bool>("ascending"),
                       .query = command.document("query"),
                       .projection = command.document("projection"),
                       .timeout = timeout});
  }
  return client.view(pipeline, {.query = command.document("query"),
                                .projection = command.document("projection"),
                                .skip = command.get<std::int64_t>("skip"),
                                .limit = command.get<std::int64_t>("limit"),
                                .timeout = timeout});
}

Handlers streams() {
  Handlers made{
      {"open", open},   {"next", next},           {"drain", drain},
      {"send", send},   {"send_many", send_many}, {"shut", shut},
      {"token",
       [](Session& session, const Command& command) {
         return Document{{"resume_token", hexadecimal(opened(session, command)->watch->resume_token())}};
       }},
      {"tell",
       [](Session& session, const Command& command) {
         return Document{{"count", opened(session, command)->told.load()}};
       }},
      {"depositor",
       [](Session& session, const Command& command) {
         auto made = session.client(command.get<std::string>("client")).depositor({.timeout = command.timeout()});
         session.open(command.get<std::string>("stream"))->depositor.emplace(std::move(made));
         return Document{};
       }},
  };
  for (const auto* what : {"view", "get_by_count", "get_by_id", "get_by_event", "get_locked", "top"}) {
    made[what] = [what](Session& session, const Command& command) {
      Array results{};
      for (auto&& result : read(session.client(command.get<std::string>("client")), what, command)) {
        results.append(hexadecimal(result));
      }
      return Document{{"results", results}};
    };
  }
  return made;
}

}  // namespace testee
