//! The error of every call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bson::RawDocumentBuf;
use tonic::Code;

use crate::outcomes::Receipt;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a caller can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request, a setting, or a document in it breaks a rule (`INVALID_ARGUMENT`, `FAILED_PRECONDITION`).
    InvalidRequest,
    /// The token or certificate is missing, wrong or expired.
    Unauthenticated,
    /// The token or certificate does not allow this.
    PermissionDenied,
    /// The service can't be reached, or can't work at the moment.
    Unavailable,
    /// The call took longer than its timeout, or than the server's limit for a call.
    DeadlineExceeded,
    /// The caller has given up what the call belongs to: a depositor that was dropped before it was closed.
    Cancelled,
    /// Anything else.
    Other,
}

/// Why a call failed. [`Display`](fmt::Display) says what is wrong and, if known, what would be right.
#[derive(Clone)]
pub struct Error(Box<Details>);

#[derive(Clone)]
struct Details {
    kind: ErrorKind,
    code: Code,
    message: String,
    reason: String,
    fields: Vec<String>,
    call_id: String,
    retry_delay: Duration,
    outcome_unknown: bool,
    works: Arc<[RawDocumentBuf]>,
    receipts: Vec<Receipt>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            code,
            message: message.into(),
            reason: String::new(),
            fields: Vec::new(),
            call_id: String::new(),
            retry_delay: Duration::ZERO,
            outcome_unknown: false,
            works: Arc::default(),
            receipts: Vec::new(),
        }))
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, Code::InvalidArgument, message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, Code::Unavailable, message)
    }

    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Other, Code::Unknown, message)
    }

    pub(crate) fn with_reason(mut self, reason: &str, call_id: &str) -> Self {
        reason.clone_into(&mut self.0.reason);
        call_id.clone_into(&mut self.0.call_id);
        self
    }

    pub(crate) fn with_fields(mut self, fields: Vec<String>) -> Self {
        self.0.fields = fields;
        self
    }

    pub(crate) fn with_retry_delay(mut self, delay: Duration) -> Self {
        self.0.retry_delay = delay;
        self
    }

    pub(crate) fn with_outcome_unknown(mut self, unknown: bool) -> Self {
        self.0.outcome_unknown = unknown;
        self
    }

    pub(crate) fn with_works(mut self, works: Arc<[RawDocumentBuf]>) -> Self {
        self.0.works = works;
        self
    }

    pub(crate) fn with_receipts(mut self, receipts: Vec<Receipt>) -> Self {
        self.0.receipts = receipts;
        self
    }

    /// Whether the service may answer later, or in more time.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Unavailable | ErrorKind::DeadlineExceeded)
    }

    /// What a caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status code of gRPC; that which a server would give, for errors that the client finds.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The name of the [`ErrorReason`](crate::proto::ErrorReason) without its prefix, `"OVERLOADED"` for example. Empty
    /// for errors that are not from the service.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The fields of the request that are at fault, `"query.$where"` for example, as far as the service names them.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        &self.0.fields
    }

    /// The id of the call in the server's log; empty if the error is not from the service.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.0.call_id
    }

    /// How long the service asks to wait before a repetition; zero if it does not ask.
    #[must_use]
    pub fn retry_delay(&self) -> Duration {
        self.0.retry_delay
    }

    /// Whether the call may have changed something although it failed. If false, this call has changed nothing.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// For errors of deposits, the works with the ids that they got: depositing these again is safe. Otherwise empty.
    #[must_use]
    pub fn works(&self) -> &[RawDocumentBuf] {
        &self.0.works
    }

    /// For a depositor that was closed, the receipts of works that are not stored, and that nobody has awaited.
    #[must_use]
    pub fn receipts(&self) -> &[Receipt] {
        &self.0.receipts
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("code", &self.0.code)
            .field("reason", &self.0.reason)
            .field("message", &self.0.message)
            .field("fields", &self.0.fields)
            .field("call_id", &self.0.call_id)
            .field("outcome_unknown", &self.0.outcome_unknown)
            .field("works", &self.0.works.len())
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}
