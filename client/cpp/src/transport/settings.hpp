#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "workflow_results/options.hpp"

namespace workflow_results::internal {

/// What a client shows to the service, and wants to see of it.
struct Credentials {
  std::string token{};        ///< The access token; empty for none.
  bool secure = false;        ///< Whether the connection is made with TLS.
  std::string authorities{};  ///< The authorities to trust, as PEM; empty for the well-known ones.
  std::string certificate{};  ///< The certificate of the client, as PEM; may be empty.
  std::string key{};          ///< Its key.
};

/// The settings of a client, complete and checked.
struct Resolved {
  std::string target{};
  Credentials credentials{};
  Timeout timeout{};  ///< If one was chosen.
};

/// Returns the value of a variable of the environment; none where it is not set, or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;

/// Returns that of this process.
[[nodiscard]] std::optional<std::string> environment(const char* name);

/// Finds settings in the arguments and the environment, in this order.
/// @throws Error One can't be used.
[[nodiscard]] Resolved resolve(const Settings& settings, const Environment& environment);

/// Checks a time that a caller has chosen.
/// @throws Error It is not positive.
[[nodiscard]] Timeout checked(const Timeout& timeout);

/// Returns whether all addresses of a target are on this machine.
[[nodiscard]] bool is_loopback(std::string_view target);

}  // namespace workflow_results::internal
