#include "transport/settings.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "workflow_results/error.hpp"

namespace workflow_results::internal {

namespace {

constexpr const char* kDefaultTarget = "localhost:50051";
constexpr const char* kTarget = "WORKFLOW_RESULTS_TARGET";
constexpr const char* kTimeout = "WORKFLOW_RESULTS_TIMEOUT";
constexpr int kPortMost = 65'535;
constexpr std::chrono::milliseconds kLongestTimeout{std::chrono::hours{24 * 366}};  // more overflows in gRPC

/// A file, and where it comes from.
struct File {
  std::string source;
  std::filesystem::path path;
};

bool starts_with_socket(std::string_view target) {
  return target.starts_with("unix:") || target.starts_with("unix-abstract:");
}

std::string in_quotes(std::string_view text) {
  std::string shown = "'";
  for (const char each : text.substr(0, 60)) shown += each < ' ' || each == '\x7f' ? '?' : each;
  return shown + "'";
}

bool has_address(const std::string& target) {
  static const std::regex kResolver{R"(^(dns|ipv4|ipv6|vsock|xds):(//[^/]*/)?)"};
  static const std::regex kAddress{R"((?:\[[^,\[\]\s]+\]|[^,:/\[\]\s]+):([1-9][0-9]{0,4}))"};
  std::smatch resolver;
  const bool named = std::regex_search(target, resolver, kResolver);
  std::string rest = named ? resolver.suffix().str() : target;
  const bool is_list = named && (resolver[1] == "ipv4" || resolver[1] == "ipv6");
  for (;;) {
    const auto comma = is_list ? rest.find(',') : std::string::npos;
    const auto address = rest.substr(0, comma);
    std::smatch parts;
    if (!std::regex_match(address, parts, kAddress) || std::stoi(parts[1].str()) > kPortMost) return false;
    if (comma == std::string::npos) return true;
    rest.erase(0, comma + 1);
  }
}

std::string target_of(const Settings& settings, const Environment& environment) {
  const auto given = settings.target ? settings.target : environment(kTarget);
  if (!given) return kDefaultTarget;
  const std::string name = settings.target ? "target" : kTarget;
  for (const char* scheme : {"http", "https", "grpc", "grpcs"}) {
    if (given->starts_with(std::string{scheme} + "://")) {
      throw Error::invalid(name + " must be 'host:port', without '" + scheme + "://': " + in_quotes(*given));
    }
  }
  const bool visible = std::ranges::all_of(*given, [](unsigned char each) { return each >= ' ' && each != 0x7f; });
  if (!visible || (!starts_with_socket(*given) && !has_address(*given))) {
    throw Error::invalid(name + " must be 'host:port', like 'localhost:50051' or '[::1]:50051', not " + in_quotes(*given));
  }
  return *given;
}

Timeout timeout_of(const Settings& settings, const Environment& environment) {
  if (settings.timeout) return checked(settings.timeout);
  const auto text = environment(kTimeout);
  if (!text) return std::nullopt;
  double seconds = 0;
  const auto* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, seconds);
  if (parsed.ec != std::errc{} || parsed.ptr != end || !(seconds > 0) || std::isinf(seconds)) {
    throw Error::invalid(std::string{kTimeout} + " must be a positive number of seconds, not " + in_quotes(*text));
  }
  const std::chrono::duration<double> most{kLongestTimeout};
  return std::chrono::ceil<std::chrono::milliseconds>(std::min(most, std::chrono::duration<double>{seconds}));
}

/// Returns the token, and where it comes from.
std::pair<std::string, std::string> token_of(const Settings& settings, const Environment& environment) {
  std::string source = "token";
  auto found = settings.token;
  for (const char* name : {"WORKFLOW_RESULTS_TOKEN", "WORKFLOW_TOKEN"}) {
    if (found) break;
    found = environment(name);
    source = name;
  }
  const auto token = found.value_or("");
  if (!std::ranges::all_of(token, [](unsigned char each) { return each > ' ' && each < 0x7f; })) {
    throw Error::invalid(source + " must be a string of visible ASCII characters, without spaces");
  }
  return {token, source};
}

std::optional<File> file_of(const char* name, const char* variable, const std::optional<std::filesystem::path>& given,
                            const Environment& environment) {
  if (given && given->empty()) throw Error::invalid(std::string{name} + " must be the path of a file, not ''");
  if (given) return File{name, *given};
  if (const auto found = environment(variable)) return File{variable, *found};
  return std::nullopt;
}

std::string read(const std::optional<File>& file, std::string_view mark) {
  if (!file) return {};
  std::ifstream stream{file->path, std::ios::binary};
  if (!stream.is_open() || std::filesystem::is_directory(file->path)) {
    throw Error::invalid(file->source + " " + file->path.string() +
                         " can't be read: " + std::strerror(stream.is_open() ? EISDIR : errno));
  }
  std::string content{std::istreambuf_iterator<char>{stream}, {}};
  if (content.find(mark) == std::string::npos) {
    throw Error::invalid(file->source + " " + file->path.string() + " has no '" + std::string{mark} + "' in it");
  }
  return content;
}

Credentials credentials_of(const Settings& settings, const std::string& target, const Environment& environment) {
  auto [token, source] = token_of(settings, environment);
  if (settings.tls == false) {
    if (settings.ca_file || settings.cert_file || settings.key_file) {
      throw Error::invalid("ca_file, cert_file and key_file can't be used with tls = false: omit one of them");
    }
    return {.token = token};
  }
  const auto authorities = file_of("ca_file", "WORKFLOW_RESULTS_CA_FILE", settings.ca_file, environment);
  const auto certificate = file_of("cert_file", "WORKFLOW_RESULTS_CERT_FILE", settings.cert_file, environment);
  const auto key = file_of("key_file", "WORKFLOW_RESULTS_KEY_FILE", settings.key_file, environment);
  const bool secure = settings.tls.value_or(authorities || certificate || key);
  if (!token.empty() && !secure && !is_loopback(target)) {
    throw Error::invalid("the token of " + source + " would be sent to " + target +
                         " in plain text, which others on the network can read: set ca_file (or WORKFLOW_RESULTS_CA_FILE)"
                         " to the authority of the server's certificate, or tls to true if that is a well-known one; an"
                         " empty token sends none, and tls = false sends it anyway");
  }
  if (certificate.has_value() != key.has_value()) {
    throw Error::invalid("cert_file and key_file (WORKFLOW_RESULTS_CERT_FILE and WORKFLOW_RESULTS_KEY_FILE) belong"
                         " together: give both or neither");
  }
  return {.token = token,
          .secure = secure,
          .authorities = read(authorities, "-----BEGIN CERTIFICATE-----"),
          .certificate = read(certificate, "-----BEGIN CERTIFICATE-----"),
          .key = read(key, "PRIVATE KEY-----")};
}

bool is_loopback_host(std::string_view host) {
  static const std::regex kFour{R"(127(\.[0-9]{1,3}){3})"};
  return host == "localhost" || host == "::1" || std::regex_match(std::string{host}, kFour);
}

}  // namespace

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>{value};
}

Resolved resolve(const Settings& settings, const Environment& environment) {
  Resolved resolved;
  resolved.target = target_of(settings, environment);
  resolved.timeout = timeout_of(settings, environment);
  resolved.credentials = credentials_of(settings, resolved.target, environment);
  return resolved;
}

Timeout checked(const Timeout& timeout) {
  if (!timeout) return std::nullopt;
  if (timeout->count() <= 0) throw Error::invalid("timeout must be positive");
  return std::min(*timeout, kLongestTimeout);
}

bool is_loopback(std::string_view target) {
  if (starts_with_socket(target)) return true;
  static const std::regex kPrefix{R"(^(ipv4:|ipv6:|dns:)(///?(?!/))?)"};
  const auto addresses = std::regex_replace(std::string{target}, kPrefix, "", std::regex_constants::format_first_only);
  static const std::regex kComma{","};
  return std::all_of(std::sregex_token_iterator{addresses.begin(), addresses.end(), kComma, -1}, {},
                     [](const std::ssub_match& address) {
                       auto host = address.str().substr(0, address.str().rfind(':'));
                       std::erase_if(host, [](char each) { return each == '[' || each == ']'; });
                       return is_loopback_host(host);
                     });
}

}  // namespace workflow_results::internal
