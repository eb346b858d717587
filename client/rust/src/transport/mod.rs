//! The way to the service: connections, what is sent with each call, and what becomes of gRPC's errors.

pub(crate) mod connections;
pub(crate) mod deadline;
pub(crate) mod dialing;
pub(crate) mod incoming;
pub(crate) mod sending;
pub(crate) mod statuses;
