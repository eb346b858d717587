#include <algorithm>
#include <condition_variable>
#include <iostream>
#include <thread>

#include "testee/testee.hpp"

namespace testee {

namespace {

std::string as_bytes(std::string_view digits) {
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
  for (std::size_t index = 0; index + 1 < digits.size(); index += 2) {
    bytes += static_cast<char>(value(digits[index]) * 16 + value(digits[index + 1]));
  }
  return bytes;
}

Document decoded(std::string_view digits) {
  const auto bytes = as_bytes(digits);
  return Document::from_bytes({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

Document failure(const workflow_results::Error& error) {
  return {{"kind", to_string(error.kind())},
          {"code", error.code()},
          {"reason", error.reason()},
          {"fields", Array{error.fields()}},
          {"message", error.what()},
          {"call_id", error.call_id()},
          {"outcome_unknown", error.outcome_unknown()}};
}

/// Carries out commands, and counts those under way.
class Testee {
 public:
  explicit Testee(Handlers handlers) : handlers_(std::move(handlers)) {}

  void run() {
    std::string line;
    while (std::getline(std::cin, line)) {
      const std::scoped_lock lock{mutex_};
      ++under_way_;
      std::thread{[this, line] { answer(Document::from_json(line)); }}.detach();
    }
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return under_way_ == 0; });
  }

 private:
  void answer(const Document& command) {
    Document answer{{"n", command.get<std::int64_t>("n").value_or(0)}};
    const auto handler = handlers_.find(command.get<std::string>("do").value_or(""));
    try {
      if (handler == handlers_.end()) {
        answer.append("unknown", true);
      } else {
        bson_concat(answer.bson(), handler->second(session_, Command{command}).bson());
      }
    } catch (const workflow_results::Error& error) {
      answer.append("error", failure(error));
    } catch (const std::exception& error) {
      answer.append("error", Document{{"kind", "other"}, {"reason", ""}, {"message", error.what()}});
    }
    const std::scoped_lock lock{mutex_};
    std::cout << answer.to_json() << std::endl;
    --under_way_;
    changed_.notify_all();
  }

  Session session_{};
  Handlers handlers_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  int under_way_ = 0;
};

}  // namespace

std::vector<std::string> Command::strings(std::string_view name) const {
  std::vector<std::string> found;
  const auto list = get<Document>(name);
  bson_iter_t iterator;
  bson_iter_init(&iterator, list.bson());
  while (bson_iter_next(&iterator)) {
    std::uint32_t length = 0;
    const char* text = bson_iter_utf8(&iterator, &length);
    found.emplace_back(text, length);
  }
  return found;
}

Document Command::document(std::string_view name) const {
  const auto digits = find<std::string>(name);
  return digits ? decoded(*digits) : Document{};
}

std::vector<Document> Command::documents(std::string_view name) const {
  std::vector<Document> found;
  std::ranges::transform(strings(name), std::back_inserter(found), decoded);
  return found;
}

std::string Command::bytes(std::string_view name) const { return as_bytes(get<std::string>(name)); }

workflow_results::Timeout Command::timeout() const {
  const auto seconds = find<double>("timeout");
  if (!seconds) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>{*seconds});
}

workflow_results::CallOptions Command::call() const { return {.timeout = timeout()}; }

Results Session::client(const std::string& name) const {
  const std::scoped_lock lock{mutex_};
  return clients_.at(name);
}

void Session::connect(const std::string& name, Results client) {
  const std::scoped_lock lock{mutex_};
  clients_.insert_or_assign(name, std::move(client));
}

void Session::close(const std::string& name) {
  client(name).close();
  const std::scoped_lock lock{mutex_};
  clients_.erase(name);
}

std::shared_ptr<Opened> Session::opened(const std::string& name) const {
  const std::scoped_lock lock{mutex_};
  return streams_.at(name);
}

std::shared_ptr<Opened> Session::open(const std::string& name) {
  auto made = std::make_shared<Opened>();
  const std::scoped_lock lock{mutex_};
  streams_.insert_or_assign(name, made);
  return made;
}

void Session::forget(const std::string& name) {
  const std::scoped_lock lock{mutex_};
  streams_.erase(name);
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  digits.reserve(bytes.size() * 2);
  for (const unsigned char each : bytes) {
    digits += kDigits[each >> 4U];
    digits += kDigits[each & 15U];
  }
  return digits;
}

std::string hexadecimal(const Document& document) {
  const auto bytes = document.bytes();
  return hexadecimal(std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string from_hexadecimal(std::string_view digits) { return as_bytes(digits); }

Document receipts(const std::vector<Receipt>& receipts) {
  Array list{};
  for (const auto& each : receipts) {
    list.append(Document{{"pipeline", each.pipeline},
                         {"id", each.id},
                         {"outcome", to_string(each.outcome)},
                         {"reason", each.reason}});
  }
  return {{"receipts", list}};
}

Document work_with(const std::string& pipeline, std::int64_t number, const std::string& padding) {
  const auto digits = std::to_string(number);
  return {{"id", std::string(10 - digits.size(), '0') + digits},
          {"pipeline", pipeline},
          {"status", "success"},
          {"results", Document{{"number", number}, {"padding", padding}}}};
}

void run(Handlers handlers) { Testee{std::move(handlers)}.run(); }

}  // namespace testee
