//! A client of Workflow Results, which stores the results of scientific pipelines.
//!
//! [`Results`] is the client. What its methods return is a [`Call`] to be awaited, a [`Read`] to be streamed, a
//! [`WatchBuilder`] to be awaited for a [`Watch`], or a [`Depositor`]. Every error is an [`Error`].
//!
//! ```no_run
//! use futures::TryStreamExt;
//! use workflow_results::bson::doc;
//! use workflow_results::{Error, Results};
//!
//! # async fn example() -> Result<(), Error> {
//! let results = Results::connect("localhost:50051")?;
//! let work = doc! { "id": "burst-1", "pipeline": "tutorial", "status": "success" };
//! let receipts = results.deposit([work]).await?;
//! assert!(receipts[0].stored());
//! let found: Vec<_> = results.view("tutorial").limit(10).stream().try_collect().await?;
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod calls;
mod core;
mod depositor;
mod deposits;
mod documents;
mod error;
mod outcomes;
mod reads;
mod results;
mod settings;
#[cfg(test)]
mod testing;
mod transport;
mod watches;

/// The messages and the stub that are generated from the proto files of the service.
#[allow(clippy::all, clippy::pedantic, rustdoc::all)]
pub mod proto {
    tonic::include_proto!("workflow_results.v1");
}

pub use bson;
pub use tonic::Code;

pub use crate::calls::Call;
pub use crate::core::Authorization;
pub use crate::depositor::{Depositor, PendingReceipt};
pub use crate::deposits::Works;
pub use crate::documents::IntoRawDocument;
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::outcomes::{
    Change, ChangeKind, ChangeOutcome, HistoryEntry, Outcome, Receipt, Refusal, UnlockOutcome, ValueCounts,
};
pub use crate::proto::{ChangeMethod, RejectionReason};
pub use crate::reads::{Read, ResultStream};
pub use crate::results::Results;
pub use crate::settings::Builder;
pub use crate::watches::{Watch, WatchBuilder};
