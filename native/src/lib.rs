//! The native checker of Workflow Results: works are cut apart, looked through, and given `_id` as their first element.
//!
//! It words no rejection. Either there is no doubt about a document, or it is handed back, to be judged in Python.

#[cfg(feature = "python")]
mod module;
#[cfg(feature = "python")]
mod plain;
pub mod types;
pub mod walk;
pub mod work;
pub mod write;
