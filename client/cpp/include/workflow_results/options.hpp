#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "workflow_results/document.hpp"

namespace workflow_results {

/// How long something may take; none for the default.
using Timeout = std::optional<std::chrono::milliseconds>;

/// Where the service is, and what to show to it. What is not set comes from the environment.
struct Settings {
  /// `host:port`, or a target of gRPC such as `dns:///host:port` or `unix:/path`. Else WORKFLOW_RESULTS_TARGET, else
  /// `localhost:50051`.
  std::optional<std::string> target{};
  /// The access token; empty for none. Else WORKFLOW_RESULTS_TOKEN, else WORKFLOW_TOKEN.
  std::optional<std::string> token{};
  /// True for TLS, false for plain text, even if that exposes the token. Else TLS where one of the files is given.
  std::optional<bool> tls{};
  /// The authorities to trust, as PEM. Else WORKFLOW_RESULTS_CA_FILE, else the well-known ones.
  std::optional<std::filesystem::path> ca_file{};
  /// The certificate of the client, as PEM. Else WORKFLOW_RESULTS_CERT_FILE.
  std::optional<std::filesystem::path> cert_file{};
  /// The key of that certificate, as PEM. Else WORKFLOW_RESULTS_KEY_FILE.
  std::optional<std::filesystem::path> key_file{};
  /// The time for calls with one answer, retries included; if it is below 60 s, streams give up after it, too. Else
  /// WORKFLOW_RESULTS_TIMEOUT in seconds, else 15 s.
  Timeout timeout{};
};

/// Options of calls with one answer.
struct CallOptions {
  Timeout timeout{};       ///< The time for it, retries included. Else that of Settings.
  std::stop_token stop{};  ///< Stops it, with an Error of the kind `cancelled`.
};

/// Options of calls that change results.
struct ChangeOptions {
  std::string reason{};      ///< Why, for the history: at most 1,000 characters.
  /// Up to 64 visible ASCII characters that name this request and no other, a UUID say. With it, the call is sent again
  /// also where its outcome is unknown, and you may repeat it: it is not applied again. Empty: none.
  std::string request_id{};
  Timeout timeout{};       ///< As in CallOptions.
  std::stop_token stop{};  ///< As in CallOptions.
};

/// Options of dropping a pipeline.
struct DropOptions {
  std::string reason{};    ///< As in ChangeOptions.
  Timeout timeout{};       ///< As in CallOptions.
  std::stop_token stop{};  ///< As in CallOptions.
};

/// Options of an unlock.
struct UnlockOptions {
  bool force = false;        ///< False only counts how many would be unlocked.
  std::string reason{};      ///< As in ChangeOptions.
  std::string request_id{};  ///< As in ChangeOptions.
  Timeout timeout{};         ///< As in CallOptions.
  std::stop_token stop{};    ///< As in CallOptions.
};

/// Options of a view.
struct ViewOptions {
  Document query{};        ///< A MongoDB filter. Empty: all results.
  Document projection{};   ///< A MongoDB projection. Empty: whole results.
  std::int64_t skip = 0;   ///< How many matching results to skip.
  std::int64_t limit = 0;  ///< How many results at most. 0: no limit.
  Timeout timeout{};       ///< The time for the whole stream. Else none.
  std::stop_token stop{};  ///< Stops it, with an Error of the kind `cancelled`.
};

/// Options of reads that take nothing else.
struct ReadOptions {
  Timeout timeout{};       ///< As in ViewOptions.
  std::stop_token stop{};  ///< As in ViewOptions.
};

/// Options of the newest results.
struct CountedOptions {
  std::int64_t count = 10;  ///< How many results at most. 0: no limit.
  Timeout timeout{};        ///< As in ViewOptions.
  std::stop_token stop{};   ///< As in ViewOptions.
};

/// Options of locked results.
struct LockedOptions {
  std::int64_t skip = 0;    ///< How many to skip.
  std::int64_t count = 10;  ///< How many results at most. 0: no limit.
  Timeout timeout{};        ///< As in ViewOptions.
  std::stop_token stop{};   ///< As in ViewOptions.
};

/// Options of the results with the highest or lowest values.
struct TopOptions {
  std::int32_t limit = 100;  ///< How many results at most, from 1 to 10,000.
  bool ascending = false;    ///< Whether the lowest values come first.
  Document query{};          ///< As in ViewOptions.
  Document projection{};     ///< As in ViewOptions.
  Timeout timeout{};         ///< As in ViewOptions.
  std::stop_token stop{};    ///< As in ViewOptions.
};

/// Options of a watch.
struct WatchOptions {
  std::vector<std::string> pipelines{};  ///< Of which pipelines. Empty: all that the caller may use, now or later.
  Document query{};                      ///< As in ViewOptions.
  Document projection{};                 ///< As in ViewOptions.
  bool snapshot = false;                 ///< Whether the results that are there come first.
  std::string resume_token{};            ///< Go on where another watch with the same options was. Empty: from now on.
  Timeout timeout{};                     ///< The time for the whole watch. Else none.
  std::stop_token stop{};                ///< Ends it.
};

/// Options of a depositor.
struct DepositorOptions {
  /// The time without an acknowledgement after which it fails. Else that of Settings, at most 60 s, which is the default.
  Timeout timeout{};
};

}  // namespace workflow_results
