//! From the statuses of gRPC to [`Error`]s: one table.

use std::error::Error as _;
use std::time::Duration;

use tonic::{Code, ConnectError, Status};
use tonic_types::StatusExt;

use crate::error::{Error, ErrorKind};

const DOMAIN: &str = "workflow-results";
/// However long a server asks for.
const LONGEST_RETRY: Duration = Duration::from_secs(60);
const CHANGING: [&str; 9] = [
    "Deposit",
    "DepositStream",
    "Update",
    "DeleteIds",
    "Lock",
    "Unlock",
    "CreateIndex",
    "DropIndex",
    "DropPipeline",
];
/// How HTTP/2 tells of a call that was not even looked at (RFC 9113, section 8.7).
const REFUSED: &str = "refused stream";
/// How tonic tells of a stream that broke; the latter two are of one that a proxy ended.
const BROKEN: [&str; 3] = ["h2 protocol error", "Unexpected EOF decoding stream", "Missing response message"];

/// A call, as errors tell of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Called<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    /// Whether the connection is made with TLS.
    pub(crate) secure: bool,
    /// The time that it had.
    pub(crate) limit: Option<Duration>,
    /// How long it looked for the service without such a limit.
    pub(crate) patience: Duration,
}

impl Called<'_> {
    /// Puts the failure of the call into our terms.
    pub(crate) fn explain(&self, status: &Status) -> Error {
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| info.domain == DOMAIN);
        let Some(info) = info else {
            return self.explain_foreign(status);
        };
        let code = status.code();
        let mut told = status.message().to_owned();
        if info.reason == "TOKEN_MISSING" {
            told += " (token, or WORKFLOW_RESULTS_TOKEN)";
        }
        let kind = kind_of(code);
        if !matches!(kind, ErrorKind::InvalidRequest | ErrorKind::PermissionDenied) {
            told = format!("{} at {}: {told}", self.method, self.target);
        }
        let metadata = |name| info.metadata.get(name).map_or("", String::as_str);
        let fields = details.bad_request().map_or_else(Vec::new, |bad| {
            let violations = bad.field_violations.iter();
            violations.map(|each| each.field.clone()).collect()
        });
        let delay = details.retry_info().and_then(|retry| retry.retry_delay);
        Error::new(kind, code, told)
            .with_reason(&info.reason, metadata("call_id"))
            .with_fields(fields)
            .with_retry_delay(delay.unwrap_or_default().min(LONGEST_RETRY))
            .with_outcome_unknown(self.may_change(code) && metadata("outcome") != "NOT_APPLIED")
    }

    /// Does so for a status that is not from the service: of gRPC, a proxy or the connection.
    fn explain_foreign(&self, status: &Status) -> Error {
        let causes = causes_of(status);
        let never_sent = sources(status).any(|error| error.is::<ConnectError>());
        // Whatever code tonic gives to a connection that broke; a status that has arrived has no cause. Where some crate
        // has the feature `server` of tonic, it keeps the text alone.
        let broken = status.source().is_some() || BROKEN.iter().any(|each| status.message().contains(each));
        let code = if broken { Code::Unavailable } else { status.code() };
        let kind = kind_of(code);
        let (target, method) = (self.target, self.method);
        let message = if never_sent {
            self.out_of_reach(&causes)
        } else {
            match (kind, code) {
                (ErrorKind::DeadlineExceeded, _) => return self.late(false),
                (ErrorKind::Unavailable, _) => {
                    format!("the connection to {target} failed: {causes}")
                }
                (_, Code::Unimplemented) => format!(
                    "{target} does not offer {method}: is it a Workflow Results server, and not older than this client?"
                ),
                _ => format!("{method} at {target} failed with {code:?}: {causes}"),
            }
        };
        let unknown = self.may_change(code) && !never_sent && !causes.contains(REFUSED);
        Error::new(kind, code, message).with_outcome_unknown(unknown)
    }

    /// The error of a call whose time is over.
    pub(crate) fn late(&self, never_sent: bool) -> Error {
        if never_sent {
            return Error::unavailable(self.out_of_reach("there was no time for more"));
        }
        let limit = self.limit.map_or_else(
            || "the time limit of a proxy".to_owned(),
            |limit| format!("its timeout of {} s", limit.as_secs_f64()),
        );
        let message = format!("{} at {} took longer than {limit}", self.method, self.target);
        let code = Code::DeadlineExceeded;
        Error::new(ErrorKind::DeadlineExceeded, code, message).with_outcome_unknown(self.may_change(code))
    }

    /// Explains why there is no connection.
    fn out_of_reach(&self, causes: &str) -> String {
        let target = self.target;
        let within = format!(" within {} s", self.limit.unwrap_or(self.patience).as_secs_f64());
        if let Some(hint) = self.handshake_hint(causes) {
            return format!("no connection to {target}{within}: {hint} ({causes})");
        }
        format!(
            "nothing answers at {target}{within}: is the server running there (workflow-results serve), and is this its \
             address (WORKFLOW_RESULTS_TARGET)? ({causes})"
        )
    }

    /// Words what is wrong with TLS where a connection failed for it.
    fn handshake_hint(&self, causes: &str) -> Option<&'static str> {
        if !self.secure {
            return None;
        }
        let hints = [
            (
                "not valid for name",
                "the server's certificate is for another name: use a name that is in its certificate",
            ),
            (
                "invalid peer certificate",
                "the server's certificate is not trusted: it may have expired, or ca_file \
                 (WORKFLOW_RESULTS_CA_FILE) is not its authority",
            ),
            (
                "InvalidContentType",
                "the server uses plain text: omit tls, ca_file, cert_file and key_file",
            ),
            (
                "received fatal alert",
                "the server refuses the client: does it require a client certificate that has not expired, from an \
                 authority that it trusts (cert_file and key_file)?",
            ),
        ];
        let mut found = hints.iter().filter(|(sign, _)| causes.contains(sign));
        found.next().map(|(_, hint)| *hint)
    }

    /// Whether a call that failed with a code, and says no more, may have changed something.
    fn may_change(&self, code: Code) -> bool {
        let refused = matches!(
            code,
            Code::InvalidArgument
                | Code::FailedPrecondition
                | Code::Unauthenticated
                | Code::PermissionDenied
                | Code::Unimplemented
                | Code::ResourceExhausted
        );
        CHANGING.contains(&self.method) && !refused
    }
}

fn kind_of(code: Code) -> ErrorKind {
    match code {
        Code::InvalidArgument | Code::FailedPrecondition => ErrorKind::InvalidRequest,
        Code::Unauthenticated => ErrorKind::Unauthenticated,
        Code::PermissionDenied => ErrorKind::PermissionDenied,
        // Who cancels a call here does not wait for it: a server that stops gives this to calls that it drops.
        Code::Unavailable | Code::Cancelled => ErrorKind::Unavailable,
        Code::DeadlineExceeded => ErrorKind::DeadlineExceeded,
        _ => ErrorKind::Other,
    }
}

/// What a status and the errors behind it say, the same thing once.
fn causes_of(status: &Status) -> String {
    let mut told = vec![status.message().to_owned()];
    for text in sources(status).map(ToString::to_string) {
        if !told.iter().any(|each| each.contains(&text)) {
            told.push(text);
        }
    }
    told.join(": ")
}

fn sources(status: &Status) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(status.source(), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use tonic_types::ErrorDetails;

    use super::*;

    fn explained(method: &str, status: &Status) -> Error {
        let called = Called {
            method,
            target: "here:1",
            secure: true,
            limit: Some(Duration::from_secs(15)),
            patience: Duration::from_secs(60),
        };
        called.explain(status)
    }

    fn of_service(code: Code, reason: &str, outcome: &str) -> Status {
        let metadata = [("call_id", "c1"), ("outcome", outcome)];
        let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut details = ErrorDetails::new();
        details.set_error_info(reason, DOMAIN, HashMap::from(metadata));
        details.add_bad_request_violation("works[0].id", "is missing");
        details.set_retry_info(Some(Duration::from_secs(90)));
        Status::with_error_details(code, "told", details)
    }

    fn caused(code: Code, cause: impl std::error::Error + Send + Sync + 'static) -> Status {
        let mut status = Status::new(code, "it broke");
        status.set_source(Arc::new(cause));
        status
    }

    #[test]
    fn errors_of_the_service_have_all_that_it_told() {
        let status = of_service(Code::InvalidArgument, "INVALID_WORK", "");
        let error = explained("Update", &status);
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.to_string(), "told");
        assert_eq!((error.reason(), error.call_id()), ("INVALID_WORK", "c1"));
        assert_eq!(error.fields(), ["works[0].id"]);
        assert_eq!(error.retry_delay(), LONGEST_RETRY);
        assert!(!error.outcome_unknown());
        let status = of_service(Code::Unavailable, "OVERLOADED", "");
        assert_eq!(explained("Count", &status).to_string(), "Count at here:1: told");
    }

    #[test]
    fn the_outcome_is_unknown_where_something_may_have_changed() {
        let unknown =
            |method, code, outcome| explained(method, &of_service(code, "X", outcome)).outcome_unknown();
        assert!(unknown("Lock", Code::Unavailable, ""));
        assert!(unknown("Lock", Code::Internal, ""));
        assert!(!unknown("Lock", Code::Unavailable, "NOT_APPLIED"));
        assert!(!unknown("Lock", Code::PermissionDenied, ""));
        assert!(!unknown("Count", Code::Internal, ""));
    }

    #[test]
    fn a_call_that_was_refused_has_changed_nothing() {
        let refused = std::io::Error::other("refused stream before performing any application logic");
        let error = explained("Lock", &caused(Code::Unknown, refused));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(!error.outcome_unknown());
    }

    #[test]
    fn connections_that_break_are_unavailable_whatever_tonic_calls_them() {
        for code in [Code::Unknown, Code::Internal, Code::Cancelled] {
            let error = explained("Lock", &caused(code, std::fmt::Error));
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(error.outcome_unknown());
        }
        for told in
            ["h2 protocol error: http2 error", "Unexpected EOF decoding stream.", "Missing response message."]
        {
            let error = explained("Lock", &Status::internal(told));
            assert_eq!(error.kind(), ErrorKind::Unavailable);
        }
        let error = explained("Lock", &Status::cancelled("by the server"));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let error = explained("Lock", &Status::out_of_range("too large"));
        assert_eq!(error.kind(), ErrorKind::Other);
    }

    #[test]
    fn what_was_not_sent_has_changed_nothing_and_says_what_may_help() {
        let refused = |text: &str| caused(Code::Unavailable, ConnectError(text.into()));
        let error = explained("Lock", &refused("connection refused"));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(!error.outcome_unknown());
        let told = error.to_string();
        assert!(told.starts_with("nothing answers at here:1 within 15 s: is the server"));
        assert!(told.contains("WORKFLOW_RESULTS_TARGET") && told.contains("connection refused"));
        let error = explained("Lock", &refused("invalid peer certificate: UnknownIssuer"));
        assert!(error.to_string().contains("is not trusted"));
    }
}
