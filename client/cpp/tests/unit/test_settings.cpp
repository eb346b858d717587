#include <gtest/gtest.h>

#include <map>

#include "transport/settings.hpp"
#include "workflow_results/error.hpp"

namespace workflow_results::internal {
namespace {

using Variables = std::map<std::string, std::string>;

Resolved with(const Settings& settings, const Variables& variables = {}) {
  return resolve(settings, [&variables](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  });
}

std::string refusal(const Settings& settings, const Variables& variables = {}) {
  try {
    with(settings, variables);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_request);
    return error.what();
  }
  return "";
}

TEST(Settings, ComeFromTheArgumentsFirst) {
  const Variables variables{{"WORKFLOW_RESULTS_TARGET", "there:2"}, {"WORKFLOW_RESULTS_TIMEOUT", "1.5"}};
  EXPECT_EQ(with({}).target, "localhost:50051");
  EXPECT_EQ(with({}, variables).target, "there:2");
  EXPECT_EQ(with({}, variables).timeout, std::chrono::milliseconds{1500});
  EXPECT_EQ(with({.target = "here:1"}, variables).target, "here:1");
  EXPECT_EQ(with({}, {{"WORKFLOW_TOKEN", "old"}}).credentials.token, "old");
  EXPECT_EQ(with({.token = ""}, {{"WORKFLOW_TOKEN", "old"}}).credentials.token, "");
}

TEST(Settings, Targets) {
  for (const auto* good : {"host:1", "[::1]:50051", "dns:///host:1", "unix:/run/results", "ipv4:10.0.0.1:1,10.0.0.2:1"}) {
    EXPECT_EQ(refusal({.target = good}), "") << good;
  }
  for (const auto* bad : {"", "host", "host:0", "host:65536", "http://host:1", "host:1/x", "a b:1", "host:1\n", "a:1,b:1"}) {
    EXPECT_NE(refusal({.target = bad}), "") << bad;
  }
}

TEST(Settings, ATokenIsNotSentInPlainText) {
  EXPECT_NE(refusal({.target = "there:1", .token = "secret"}).find("plain text"), std::string::npos);
  EXPECT_EQ(refusal({.target = "there:1", .token = "secret", .tls = false}), "");
  EXPECT_EQ(refusal({.target = "there:1", .token = "secret", .tls = true}), "");
  EXPECT_EQ(refusal({.target = "127.0.0.1:1", .token = "secret"}), "");
}

TEST(Settings, FilesBelongToTls) {
  EXPECT_NE(refusal({.tls = false, .ca_file = "ca.pem"}).find("tls"), std::string::npos);
  EXPECT_FALSE(with({.tls = false}, {{"WORKFLOW_RESULTS_CA_FILE", "/nowhere"}}).credentials.secure);
  EXPECT_NE(refusal({.cert_file = "cert.pem"}).find("key_file"), std::string::npos);
  const auto missing = refusal({}, {{"WORKFLOW_RESULTS_CA_FILE", "/nowhere/ca.pem"}});
  EXPECT_EQ(missing, "WORKFLOW_RESULTS_CA_FILE /nowhere/ca.pem can't be read: No such file or directory");
  EXPECT_EQ(refusal({.ca_file = "/dev"}), "ca_file /dev can't be read: Is a directory");
  EXPECT_NE(refusal({.ca_file = "/dev/null"}).find("BEGIN CERTIFICATE"), std::string::npos);
}

TEST(Settings, TimesArePositive) {
  EXPECT_NE(refusal({.timeout = std::chrono::milliseconds{0}}), "");
  for (const auto* good : {"15", "15.", ".5", "1e3", "1e100"}) {
    EXPECT_EQ(refusal({}, {{"WORKFLOW_RESULTS_TIMEOUT", good}}), "") << good;
  }
  for (const auto* bad : {"soon", "0", "-1", "+1", " 1", "1 s", "inf", "nan", "1e999", "0x10"}) {
    EXPECT_NE(refusal({}, {{"WORKFLOW_RESULTS_TIMEOUT", bad}}), "") << bad;
  }
}

TEST(Settings, Loopback) {
  for (const auto* own : {"localhost:1", "127.9.9.9:1", "[::1]:1", "unix:/x", "dns:///localhost:1", "ipv4:127.0.0.1:1"}) {
    EXPECT_TRUE(is_loopback(own)) << own;
  }
  for (const auto* other : {"host:1", "127.0.0.1.example:1", "dns://8.8.8.8/localhost:1", "ipv4:127.0.0.1:1,10.0.0.1:1"}) {
    EXPECT_FALSE(is_loopback(other)) << other;
  }
}

}  // namespace
}  // namespace workflow_results::internal
