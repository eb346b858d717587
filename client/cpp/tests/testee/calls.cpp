#include <fstream>

#include "testee/testee.hpp"

namespace testee {

namespace {

using workflow_results::ChangeOptions;

ChangeOptions change(const Command& command) {
  return {.reason = command.get<std::string>("reason"),
          .request_id = command.get<std::string>("request_id"),
          .timeout = command.timeout()};
}

Document outcome(const auto& changed) {
  Array refusals{};
  for (const auto& each : changed.refusals) {
    refusals.append(Document{{"pipeline", each.pipeline}, {"id", each.id}, {"locked", each.locked}});
  }
  const Document told{
      {"applied", changed.applied}, {"refusals", refusals}, {"refusal_count", changed.refusal_count}};
  return {{"outcome", told}};
}

Document connect(Session& session, const Command& command) {
  const auto path = [&command](const char* name) {
    const auto given = command.find<std::string>(name);
    return given ? std::optional<std::filesystem::path>{*given} : std::nullopt;
  };
  session.connect(command.get<std::string>("client"), Results{{.target = command.find<std::string>("target"),
                                                               .token = command.find<std::string>("token"),
                                                               .tls = command.find<bool>("tls"),
                                                               .ca_file = path("ca_file"),
                                                               .cert_file = path("cert_file"),
                                                               .key_file = path("key_file"),
                                                               .timeout = command.timeout()}});
  return {};
}

Document rss(Session& /*session*/, const Command& /*command*/) {
  std::ifstream status{"/proc/self/status"};
  std::string name;
  std::int64_t peak = 0;
  std::int64_t now = 0;
  while (status >> name) {
    if (name == "VmHWM:") status >> peak;
    if (name == "VmRSS:") status >> now;
  }
  return {{"peak_kib", peak}, {"now_kib", now}};
}

Document count_by(const Results& client, const Command& command) {
  const auto found = client.count_by(command.get<std::string>("pipeline"), command.get<std::string>("field"),
                                     command.document("query"), command.call());
  Array counts{};
  for (const auto& each : found.counts) {
    counts.append(Document{{"value", hexadecimal(each.value)}, {"count", each.count}});
  }
  return {{"counts", counts}, {"has_more", found.has_more}, {"other_count", found.other_count}};
}

Document status(const Results& client, const Command& command) {
  Document counts;
  for (const auto& [pipeline, count] : client.status(command.call())) counts.append(pipeline, count);
  return {{"counts", counts}};
}

Document info(const Results& client, const Command& command) {
  const auto found = client.info(command.call());
  const auto& limits = found.limits;
  return {{"server_version", found.server_version},
          {"api_version", found.api_version},
          {"mongodb_version", found.mongodb_version},
          {"checker", found.checker},
          {"limits", Document{{"message_bytes", limits.message_bytes},
                              {"work_bytes", limits.work_bytes},
                              {"work_depth", limits.work_depth},
                              {"pipeline_length", limits.pipeline_length},
                              {"id_length", limits.id_length},
                              {"transaction_results", limits.transaction_results},
                              {"batch_bytes", limits.batch_bytes},
                              {"server_seconds", limits.server_seconds},
                              {"request_works", limits.request_works},
                              {"pipelines", limits.pipelines}}}};
}

Document history(const Results& client, const Command& command) {
  Array entries{};
  for (const auto& each :
       client.history(command.get<std::string>("pipeline"), command.get<std::string>("id"), command.call())) {
    entries.append(Document{{"time", each.time.time_since_epoch().count()},
                            {"method", to_string(each.method)},
                            {"caller", each.caller},
                            {"fields", Array{each.fields}},
                            {"reason", each.reason},
                            {"request_id", each.request_id},
                            {"result_count", each.result_count},
                            {"field_count", each.field_count}});
  }
  return {{"entries", entries}};
}

Document index(const workflow_results::FieldIndex& index) {
  return {{"field", index.field}, {"size_bytes", index.size_bytes}, {"ready", index.ready}};
}

Document list_indexes(const Results& client, const Command& command) {
  Array indexes{};
  for (const auto& each : client.list_indexes(command.get<std::string>("pipeline"), command.call())) {
    indexes.append(index(each));
  }
  return {{"indexes", indexes}};
}

Document unlock(const Results& client, const Command& command) {
  const auto unlocked = client.unlock(command.get<std::string>("pipeline"), command.strings("ids"),
                                      {.force = command.get<bool>("force"),
                                       .reason = command.get<std::string>("reason"),
                                       .request_id = command.get<std::string>("request_id"),
                                       .timeout = command.timeout()});
  return outcome(unlocked).append("locked_count", unlocked.locked_count);
}

/// Makes the handler of a command that has a client.
template <class Call>
Handler over_client(Call call) {
  return [call](Session& session, const Command& command) {
    return call(session.client(command.get<std::string>("client")), command);
  };
}

}  // namespace

Handlers calls() {
  using std::string;
  return {
      {"connect", connect},
      {"rss", rss},
      {"close",
       [](Session& session, const Command& command) {
         session.close(command.get<string>("client"));
         return Document{};
       }},
      {"echo",
       [](Session& /*session*/, const Command& command) {
         return Document{{"document", hexadecimal(rebuilt(command.document("document")))}};
       }},
      {"deposit", over_client([](const Results& client, const Command& command) {
         return receipts(client.deposit(command.documents("works"), command.call()));
       })},
      {"update", over_client([](const Results& client, const Command& command) {
         return outcome(client.update(command.documents("works"), change(command)));
       })},
      {"delete_ids", over_client([](const Results& client, const Command& command) {
         return outcome(client.delete_ids(command.get<string>("pipeline"), command.strings("ids"), change(command)));
       })},
      {"lock", over_client([](const Results& client, const Command& command) {
         return outcome(client.lock(command.get<string>("pipeline"), command.strings("ids"), change(command)));
       })},
      {"unlock", over_client(unlock)},
      {"count", over_client([](const Results& client, const Command& command) {
         return Document{
             {"count", client.count(command.get<string>("pipeline"), command.document("query"), command.call())}};
       })},
      {"count_by", over_client(count_by)},
      {"status", over_client(status)},
      {"info", over_client(info)},
      {"get_locked_count", over_client([](const Results& client, const Command& command) {
         return Document{{"count", client.get_locked_count(command.get<string>("pipeline"), command.call())}};
       })},
      {"history", over_client(history)},
      {"list_indexes", over_client(list_indexes)},
      {"create_index", over_client([](const Results& client, const Command& command) {
         return Document{{"index", index(client.create_index(command.get<string>("pipeline"),
                                                             command.get<string>("field"), command.call()))}};
       })},
      {"drop_index", over_client([](const Results& client, const Command& command) {
         return Document{{"dropped", client.drop_index(command.get<string>("pipeline"), command.get<string>("field"),
                                                       command.call())}};
       })},
      {"drop_pipeline", over_client([](const Results& client, const Command& command) {
         return Document{
             {"dropped", client.drop_pipeline(command.get<string>("pipeline"), {.reason = command.get<string>("reason"),
                                                                                .timeout = command.timeout()})}};
       })},
  };
}

}  // namespace testee
