//! Where a client's settings come from: argument, environment, default, in this order.

pub(crate) mod files;
pub(crate) mod target;

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::Arc;
use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Endpoint;

use crate::core::Core;
use crate::error::{Error, Result};
use crate::settings::files::{Files, Named};
use crate::settings::target::Target;
use crate::transport::connections::{tuned, Pool};
use crate::transport::dialing::LONGEST;
use crate::Results;

const DEFAULT_TARGET: &str = "localhost:50051";
const TARGET: &str = "WORKFLOW_RESULTS_TARGET";
const TOKENS: [&str; 2] = ["WORKFLOW_RESULTS_TOKEN", "WORKFLOW_TOKEN"];
const TIMEOUT: &str = "WORKFLOW_RESULTS_TIMEOUT";
const CA_FILE: &str = "WORKFLOW_RESULTS_CA_FILE";
const CERT_FILE: &str = "WORKFLOW_RESULTS_CERT_FILE";
const KEY_FILE: &str = "WORKFLOW_RESULTS_KEY_FILE";
/// More overflows clocks.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(366 * 86_400);

/// The settings of a [`Results`]; what is not set comes from the environment. Created by [`Results::builder`].
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `connect`"]
pub struct Builder {
    target: Option<String>,
    token: Option<String>,
    tls: Option<bool>,
    ca_file: Option<PathBuf>,
    cert_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    timeout: Option<Duration>,
}

impl Builder {
    /// Where the service is: `host:port`, `[IPv6 address]:port`, `dns:///host:port` or `unix:path`. Default:
    /// `WORKFLOW_RESULTS_TARGET`, else `localhost:50051`.
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// The access token; an empty one is none. Default: `WORKFLOW_RESULTS_TOKEN`, else `WORKFLOW_TOKEN`, else none.
    ///
    /// Without TLS, it is sent only to this machine, unless [`tls(false)`](Self::tls) is set.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Whether connections use TLS. Default: whether any of the three files is given. `false` ignores files of the
    /// environment.
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The certificates of the authorities to trust, as PEM. Default: `WORKFLOW_RESULTS_CA_FILE`, else those of the
    /// operating system.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// The certificate of the client, as PEM. Default: `WORKFLOW_RESULTS_CERT_FILE`, else none.
    pub fn cert_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.cert_file = Some(path.into());
        self
    }

    /// The key of that certificate, as PEM, without a password. Default: `WORKFLOW_RESULTS_KEY_FILE`, else none.
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key_file = Some(path.into());
        self
    }

    /// The time for a call with one answer, all attempts together. Reads, watches and depositors give up after this
    /// time without progress if it is shorter than 60 s. Default: `WORKFLOW_RESULTS_TIMEOUT` in seconds, else 15 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Makes the client; connections are opened by the first calls.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): a setting or a file can't be used, settings exclude each
    /// other, or the token would be sent in plain text to another machine.
    pub fn connect(self) -> Result<Results> {
        self.resolve(variable)?.connect()
    }

    fn resolve(self, variable: impl Fn(&str) -> Option<String>) -> Result<Resolved> {
        let target = match (&self.target, variable(TARGET)) {
            (Some(given), _) => Target::parse("target", given)?,
            (None, Some(found)) => Target::parse(TARGET, &found)?,
            (None, None) => Target::parse("target", DEFAULT_TARGET)?,
        };
        let timeout = match (self.timeout, variable(TIMEOUT)) {
            (Some(given), _) => Some(checked(given)?),
            (None, Some(text)) => Some(seconds(&text)?),
            (None, None) => None,
        };
        let (source, token) = match self.token {
            Some(given) => ("token", Some(given)),
            None => TOKENS
                .iter()
                .find_map(|name| variable(name).map(|found| (*name, Some(found))))
                .unwrap_or_default(),
        };
        let token = token.filter(|it| !it.is_empty());
        let authorization = token.map(|it| authorization(source, &it)).transpose()?;
        if self.tls == Some(false) {
            let given =
                [("ca_file", &self.ca_file), ("cert_file", &self.cert_file), ("key_file", &self.key_file)];
            if let Some((name, _)) = given.iter().find(|(_, file)| file.is_some()) {
                return Err(Error::invalid(format!(
                    "{name} can't be used with tls(false): omit one of them"
                )));
            }
        }
        let file = |given: Option<PathBuf>, name, from| match (given, variable(from)) {
            _ if self.tls == Some(false) => None,
            (Some(path), _) => Some(Named { source: name, path }),
            (None, found) => found.map(|path| Named { source: from, path: path.into() }),
        };
        let files = Files {
            ca: file(self.ca_file, "ca_file", CA_FILE),
            cert: file(self.cert_file, "cert_file", CERT_FILE),
            key: file(self.key_file, "key_file", KEY_FILE),
        };
        let secure = self.tls == Some(true) || !files.is_empty();
        if authorization.is_some() && !secure && self.tls.is_none() && !target.address.is_loopback() {
            return Err(Error::invalid(format!(
                "the token of {source} would be sent to {} in plain text, which others on the network can read: set \
                 ca_file ({CA_FILE}) to the authority of the server's certificate, or tls(true) if that is a \
                 well-known one; an empty token sends none, tls(false) sends it anyway",
                target.name
            )));
        }
        Ok(Resolved { target, authorization, secure, files, timeout })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Builder")
            .field("target", &self.target)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// Settings that fit together.
#[derive(Debug)]
struct Resolved {
    target: Target,
    authorization: Option<MetadataValue<Ascii>>,
    secure: bool,
    files: Files,
    timeout: Option<Duration>,
}

impl Resolved {
    fn connect(self) -> Result<Results> {
        let scheme = if self.secure { "https" } else { "http" };
        let uri = format!("{scheme}://{}", self.target.address.authority());
        let unusable = |error: tonic::transport::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let cause = cause.unwrap_or_else(|| error.to_string());
            Error::invalid(format!("{} can't be used: {}: {cause}", self.target.name, self.files.names()))
        };
        let mut endpoint = Endpoint::from_shared(uri)
            .and_then(|it| it.user_agent(concat!("workflow-results-rust/", env!("CARGO_PKG_VERSION"))))
            .map_err(unusable)?;
        if self.secure {
            let config = self.files.load()?.timeout(LONGEST);
            endpoint = endpoint.tls_config(config).map_err(unusable)?;
        }
        let (endpoint, turn) = (tuned(endpoint), Arc::new(AtomicUsize::new(0)));
        let pool = || Pool::new(endpoint.clone(), self.target.address.clone(), Arc::clone(&turn));
        Ok(Results::over(Core {
            calls: pool(),
            streams: pool(),
            target: self.target.name,
            secure: self.secure,
            authorization: self.authorization,
            timeout: self.timeout,
        }))
    }
}

/// A variable of the environment that is not empty. One that is not Unicode is refused where it is used.
fn variable(name: &str) -> Option<String> {
    let found = std::env::var_os(name).filter(|value| !value.is_empty());
    found.map(|value| value.to_string_lossy().into_owned())
}

fn authorization(source: &str, token: &str) -> Result<MetadataValue<Ascii>> {
    let visible = token.bytes().all(|each| each.is_ascii_graphic());
    let parsed = format!("Bearer {token}").parse().ok().filter(|_| visible);
    let mut value: MetadataValue<Ascii> = parsed.ok_or_else(|| {
        Error::invalid(format!("{source} must consist of visible ASCII characters, without spaces"))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Checks a time that a caller chose.
pub(crate) fn checked(timeout: Duration) -> Result<Duration> {
    if timeout.is_zero() {
        return Err(Error::invalid("timeout must be longer than zero"));
    }
    Ok(timeout.min(LONGEST_TIMEOUT))
}

fn seconds(text: &str) -> Result<Duration> {
    let plain = text.bytes().all(|each| each.is_ascii_digit() || b".+-eE".contains(&each));
    let number = text.parse::<f64>().ok().filter(|number| plain && *number > 0.0);
    let Some(number) = number.filter(|number| number.is_finite()) else {
        return Err(Error::invalid(format!("{TIMEOUT} must be a positive number of seconds, not {text:?}")));
    };
    checked(Duration::from_secs_f64(number.min(LONGEST_TIMEOUT.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(builder: Builder, environment: &[(&str, &str)]) -> Result<Resolved> {
        builder.resolve(|name| {
            let found = environment.iter().find(|(each, _)| *each == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn refused(builder: Builder, environment: &[(&str, &str)]) -> String {
        resolve(builder, environment).unwrap_err().to_string()
    }

    #[test]
    fn arguments_come_before_the_environment() {
        let environment = [(TARGET, "a:1"), (TIMEOUT, "2.5"), ("WORKFLOW_TOKEN", "old"), (CA_FILE, "/ca")];
        let found = resolve(Builder::default(), &environment).unwrap();
        assert_eq!(found.target.name, "a:1");
        assert_eq!(found.timeout, Some(Duration::from_millis(2500)));
        assert_eq!(found.authorization.unwrap(), "Bearer old");
        assert!(found.secure);
        let given = Builder::default().target("b:2").token("").tls(false);
        let found = resolve(given, &environment).unwrap();
        assert_eq!(found.target.name, "b:2");
        assert!(found.authorization.is_none() && !found.secure && found.files.is_empty());
        let found = resolve(Builder::default(), &[]).unwrap();
        assert_eq!(found.target.name, DEFAULT_TARGET);
    }

    #[test]
    fn a_token_is_not_sent_in_plain_text_to_another_machine() {
        let given = || Builder::default().target("a:1").token("secret");
        assert!(refused(given(), &[]).contains("plain text"));
        assert!(resolve(given().tls(false), &[]).is_ok());
        assert!(resolve(given().tls(true), &[]).unwrap().secure);
        assert!(resolve(given().target("[::1]:1"), &[]).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_unicode_is_not_ignored() {
        use std::os::unix::ffi::OsStrExt;
        let name = "WORKFLOW_RESULTS_NOT_UNICODE";
        std::env::set_var(name, std::ffi::OsStr::from_bytes(b"/\xff"));
        let found = variable(name).unwrap();
        assert!(refused(Builder::default(), &[(TOKENS[0], &found)]).contains(TOKENS[0]));
        let error = Builder::default().ca_file(found).connect().unwrap_err();
        assert!(error.to_string().starts_with("ca_file can't be read"));
        std::env::set_var(name, "");
        assert_eq!(variable(name), None);
    }

    #[test]
    fn what_can_not_be_used_is_named() {
        assert!(refused(Builder::default().token("a b"), &[]).contains("token"));
        assert!(refused(Builder::default(), &[(TIMEOUT, "soon")]).contains(TIMEOUT));
        assert!(refused(Builder::default(), &[(TIMEOUT, "inf")]).contains(TIMEOUT));
        let given = Builder::default().tls(false).key_file("/key");
        assert!(refused(given, &[]).contains("key_file"));
        let alone = Builder::default().cert_file("/cert").connect();
        assert!(alone.unwrap_err().to_string().contains("key_file"));
    }
}
