//! Opening connections.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::settings::target::Address;

/// How long opening one connection may take.
pub(crate) const LONGEST: Duration = Duration::from_secs(5);

/// What is open.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// Opens the connections of a client.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    address: Address,
    turn: Arc<AtomicUsize>,
    /// Whether there is no connection yet, so that what waits for one has not been sent.
    pub(crate) dialing: Arc<AtomicBool>,
}

impl Dialer {
    /// A dialer for one connection; those of a client share the turn.
    pub(crate) fn new(address: Address, turn: Arc<AtomicUsize>) -> Self {
        let dialing = Arc::new(AtomicBool::new(true));
        Self { address, turn, dialing }
    }

    /// Opens the connection, or opens it again.
    pub(crate) async fn dial(self) -> io::Result<TokioIo<Box<dyn Socket>>> {
        self.dialing.store(true, Ordering::Release);
        let socket = match &self.address {
            Address::Tcp { host, port } => self.dial_host(host, *port).await?,
            Address::Unix(path) => dial_path(path).await?,
        };
        self.dialing.store(false, Ordering::Release);
        Ok(TokioIo::new(socket))
    }

    /// Tries the addresses of a host, beginning with another one each time, so that several servers share the load.
    async fn dial_host(&self, host: &str, port: u16) -> io::Result<Box<dyn Socket>> {
        let mut addresses: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        if addresses.is_empty() {
            return Err(last);
        }
        let number = addresses.len();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % number;
        addresses.rotate_left(turn);
        let patience = LONGEST / u32::try_from(number).unwrap_or(u32::MAX);
        for address in addresses {
            match tokio::time::timeout(patience, TcpStream::connect(address)).await {
                Ok(Ok(socket)) => {
                    socket.set_nodelay(true)?;
                    return Ok(Box::new(socket));
                }
                Ok(Err(error)) => last = error,
                Err(late) => last = late.into(),
            }
        }
        Err(last)
    }
}

#[cfg(unix)]
async fn dial_path(path: &std::path::Path) -> io::Result<Box<dyn Socket>> {
    Ok(Box::new(tokio::net::UnixStream::connect(path).await?))
}

#[cfg(not(unix))]
async fn dial_path(_path: &std::path::Path) -> io::Result<Box<dyn Socket>> {
    Err(io::ErrorKind::Unsupported.into())
}
