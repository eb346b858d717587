//! Where the service is.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// A target, as it was given, and what it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) address: Address,
}

/// What to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Target {
    /// Reads a target; `source` is where it comes from.
    pub(crate) fn parse(source: &str, text: &str) -> Result<Self> {
        let scheme = text.split("://").next().unwrap_or_default();
        if ["http", "https", "grpc", "grpcs"].contains(&scheme.to_ascii_lowercase().as_str())
            && text.contains("://")
        {
            return Err(Error::invalid(format!(
                "{source} must be 'host:port', without '{scheme}://': {text:?}"
            )));
        }
        let address = if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(path);
            (cfg!(unix) && !path.is_empty()).then(|| Address::Unix(path.into()))
        } else {
            let rest =
                text.strip_prefix("dns:").map_or(text, |rest| rest.strip_prefix("///").unwrap_or(rest));
            host_and_port(rest)
        };
        let Some(address) = address else {
            return Err(Error::invalid(format!(
                "{source} must be 'host:port', like 'localhost:50051' or '[::1]:50051', not {text:?}"
            )));
        };
        Ok(Self { name: text.to_owned(), address })
    }
}

impl Address {
    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } => {
                host.parse::<IpAddr>().map_or(host == "localhost", |address| address.is_loopback())
            }
        }
    }

    /// What HTTP calls it, and what the certificate of the server must be for.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Unix(_) => "localhost".to_owned(),
            Self::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port } => format!("{host}:{port}"),
        }
    }
}

fn host_and_port(text: &str) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = match bare {
        Some(inner) => inner.parse::<IpAddr>().is_ok().then_some(inner)?,
        None => host,
    };
    let is_name = |each: char| each.is_ascii_alphanumeric() || "-._".contains(each);
    let valid = bare.is_some() || (!host.is_empty() && host.chars().all(is_name));
    let port = port.parse::<u16>().ok().filter(|number| {
        *number > 0 && port.bytes().all(|digit| digit.is_ascii_digit()) && !port.starts_with('0')
    })?;
    valid.then(|| Address::Tcp { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Address {
        let host = host.to_owned();
        Address::Tcp { host, port }
    }

    #[test]
    fn targets_are_hosts_with_ports_or_sockets() {
        let address = |text| Target::parse("target", text).unwrap().address;
        assert_eq!(address("localhost:50051"), tcp("localhost", 50051));
        assert_eq!(address("[::1]:1"), tcp("::1", 1));
        assert_eq!(address("dns:///a.example:65535"), tcp("a.example", 65535));
        assert_eq!(address("dns:a.example:2"), tcp("a.example", 2));
        assert_eq!(address("unix:/run/wr"), Address::Unix("/run/wr".into()));
        assert_eq!(address("unix:///run/wr"), Address::Unix("/run/wr".into()));
        assert_eq!(address("[::1]:1").authority(), "[::1]:1");
    }

    #[test]
    fn other_targets_are_refused() {
        for text in [
            "",
            "localhost",
            "localhost:0",
            "localhost:65536",
            "localhost:+1",
            ":1",
            "a/b:1",
            "::1:1",
            "[x]:1",
            "unix:",
        ] {
            let error = Target::parse("target", text).unwrap_err();
            assert!(error.to_string().starts_with("target must be"), "{text}");
        }
        let error = Target::parse("target", "http://localhost:1").unwrap_err();
        assert!(error.to_string().contains("without 'http://'"));
    }

    #[test]
    fn loopback_is_this_machine_alone() {
        for (host, expected) in
            [("localhost", true), ("127.8.0.1", true), ("::1", true), ("example", false), ("10.0.0.1", false)]
        {
            assert_eq!(tcp(host, 1).is_loopback(), expected, "{host}");
        }
        assert!(Address::Unix("/x".into()).is_loopback());
    }
}
