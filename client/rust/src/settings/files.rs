//! The files of TLS.

use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::error::{Error, Result};

/// A file, and the setting that names it.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) source: &'static str,
    pub(crate) path: PathBuf,
}

/// The files that a client was given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    pub(crate) ca: Option<Named>,
    pub(crate) cert: Option<Named>,
    pub(crate) key: Option<Named>,
}

impl Files {
    pub(crate) fn is_empty(&self) -> bool {
        self.ca.is_none() && self.cert.is_none() && self.key.is_none()
    }

    /// Reads them.
    pub(crate) fn load(&self) -> Result<ClientTlsConfig> {
        let identity = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => {
                let source = |given: &Option<Named>, or| given.as_ref().map_or(or, |it| it.source);
                return Err(Error::invalid(format!(
                    "{} and {} belong together: give both or neither",
                    source(&self.cert, "cert_file"),
                    source(&self.key, "key_file")
                )));
            }
        };
        let mut config = ClientTlsConfig::new();
        config = match &self.ca {
            Some(file) => config.ca_certificate(Certificate::from_pem(certificates(file)?)),
            None => config.with_native_roots(),
        };
        if let Some((cert, key)) = identity {
            config = config.identity(Identity::from_pem(certificates(cert)?, private_key(key)?));
        }
        Ok(config)
    }

    /// Names them for an error about what is in them.
    pub(crate) fn names(&self) -> String {
        let all = [&self.ca, &self.cert, &self.key].into_iter().flatten();
        let named = all.map(|file| format!("{} {}", file.source, file.path.display()));
        named.collect::<Vec<_>>().join(", ")
    }
}

fn certificates(file: &Named) -> Result<Vec<u8>> {
    let content = content(file)?;
    let parsed = CertificateDer::pem_slice_iter(&content).collect::<Result<Vec<_>, _>>();
    if parsed.is_ok_and(|found| !found.is_empty()) {
        return Ok(content);
    }
    Err(unusable(file, "must contain certificates as PEM"))
}

fn private_key(file: &Named) -> Result<Vec<u8>> {
    let content = content(file)?;
    if PrivateKeyDer::from_pem_slice(&content).is_ok() {
        return Ok(content);
    }
    Err(unusable(file, "must contain a key as PEM, without a password"))
}

fn content(file: &Named) -> Result<Vec<u8>> {
    let is_other = |path: &Path| path.metadata().is_ok_and(|about| !about.is_file());
    if is_other(&file.path) {
        return Err(unusable(file, "must be a file"));
    }
    std::fs::read(&file.path).map_err(|error| {
        Error::invalid(format!("{} can't be read: {}: {error}", file.source, file.path.display()))
    })
}

fn unusable(file: &Named, what: &str) -> Error {
    Error::invalid(format!("{} {what}: {}", file.source, file.path.display()))
}
