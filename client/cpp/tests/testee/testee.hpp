#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workflow_results/results.hpp"

namespace testee {

using workflow_results::Array;
using workflow_results::Change;
using workflow_results::Document;
using workflow_results::Receipt;
using workflow_results::Results;

/// A command of the suite, whose fields are those of its JSON.
class Command {
 public:
  explicit Command(Document fields) : fields_(std::move(fields)) {}

  /// Returns a field, or a default.
  template <class T>
  [[nodiscard]] T get(std::string_view name, T otherwise = {}) const {
    return fields_.get<T>(name).value_or(std::move(otherwise));
  }
  /// Returns a field, if it is there.
  template <class T>
  [[nodiscard]] std::optional<T> find(std::string_view name) const {
    return fields_.get<T>(name);
  }
  [[nodiscard]] std::vector<std::string> strings(std::string_view name) const;  ///< A list of strings.
  [[nodiscard]] Document document(std::string_view name) const;                 ///< One that is given as hexadecimal BSON.
  [[nodiscard]] std::vector<Document> documents(std::string_view name) const;   ///< A list of them.
  [[nodiscard]] std::string bytes(std::string_view name) const;                 ///< What is given in hexadecimal digits.
  [[nodiscard]] workflow_results::Timeout timeout() const;                      ///< The timeout, if there is one.
  [[nodiscard]] workflow_results::CallOptions call() const;                     ///< Options of calls.

 private:
  Document fields_;
};

/// A stream, a watch or a depositor, which stays open between commands.
struct Opened {
  std::optional<workflow_results::ResultStream> results{};
  std::optional<workflow_results::Watch> watch{};
  std::optional<workflow_results::Depositor> depositor{};
  std::atomic<std::int64_t> told{0};  ///< How many results or receipts a command has seen so far.
};

/// The clients and the streams, by their names.
class Session {
 public:
  [[nodiscard]] Results client(const std::string& name) const;
  void connect(const std::string& name, Results client);
  void close(const std::string& name);
  [[nodiscard]] std::shared_ptr<Opened> opened(const std::string& name) const;
  std::shared_ptr<Opened> open(const std::string& name);
  void forget(const std::string& name);

 private:
  mutable std::mutex mutex_{};
  std::map<std::string, Results> clients_{};
  std::map<std::string, std::shared_ptr<Opened>> streams_{};
};

using Handler = std::function<Document(Session&, const Command&)>;
using Handlers = std::map<std::string, Handler>;

[[nodiscard]] Handlers calls();    ///< Commands for methods with one answer.
[[nodiscard]] Handlers streams();  ///< Commands for reads, watches and depositors.
[[nodiscard]] Handlers stub();     ///< The command for calls without the facade.

/// Carries out the commands of the standard input, each in a thread, until its end.
void run(Handlers handlers);

[[nodiscard]] std::string hexadecimal(std::string_view bytes);  ///< Writes hexadecimal digits.
[[nodiscard]] std::string hexadecimal(const Document& document);  ///< Writes hexadecimal digits of BSON.
[[nodiscard]] std::string from_hexadecimal(std::string_view digits);  ///< Reads hexadecimal digits.
[[nodiscard]] Document rebuilt(const Document& document);  ///< Takes it apart, and makes it anew of its values.
[[nodiscard]] Document receipts(const std::vector<Receipt>& receipts);  ///< The answer of deposits.
[[nodiscard]] workflow_results::ResultStream read(const Results& client, const std::string& what, const Command& command);
[[nodiscard]] Document work_with(const std::string& pipeline, std::int64_t number, const std::string& padding);

}  // namespace testee
