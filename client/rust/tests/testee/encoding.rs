//! Between JSON and the terms of the facade.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{json, Map, Value};
use workflow_results::bson::{DateTime, Document, RawDocument, RawDocumentBuf};
use workflow_results::{
    bson, Change, ChangeOutcome, Error, ErrorKind, HistoryEntry, IntoRawDocument, Receipt,
};

/// The fields of a command.
pub struct Command(pub Map<String, Value>);

impl Command {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text, empty if it is not given.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn integer(&self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub fn texts(&self, name: &str) -> Vec<String> {
        let values = self.get(name).and_then(Value::as_array);
        let values = values.into_iter().flatten();
        values.map(|value| value.as_str().unwrap().to_owned()).collect()
    }

    pub fn timeout(&self) -> Option<Duration> {
        self.get("timeout")?.as_f64().map(Duration::from_secs_f64)
    }

    /// A query or a projection; empty if it is not given.
    pub fn document(&self, name: &str) -> Given {
        self.get(name).map_or_else(|| Given::Native(Document::new()), |value| given(value.as_str().unwrap()))
    }

    pub fn works(&self) -> Vec<Given> {
        self.texts("works").iter().map(|text| given(text)).collect()
    }
}

/// A document, in the native type if that keeps it.
#[derive(Clone)]
pub enum Given {
    Native(Document),
    Encoded(Vec<u8>),
}

impl IntoRawDocument for Given {
    fn into_raw_document(self) -> bson::error::Result<RawDocumentBuf> {
        match self {
            Self::Native(document) => document.into_raw_document(),
            Self::Encoded(document) => document.into_raw_document(),
        }
    }
}

/// Turns hexadecimal digits into what the facade takes. Broken documents, and names that stand twice, stay encoded.
fn given(digits: &str) -> Given {
    let bytes = unhex(digits);
    let decoded = RawDocument::from_bytes(&bytes).and_then(Document::try_from);
    match decoded {
        Ok(document) if document.to_vec().is_ok_and(|again| again == bytes) => Given::Native(document),
        _ => Given::Encoded(bytes),
    }
}

pub fn decode(digits: &str) -> Document {
    Document::from_reader(unhex(digits).as_slice()).unwrap()
}

pub fn encode(document: &Document) -> String {
    hex(document.to_vec().unwrap())
}

pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub fn unhex(digits: &str) -> Vec<u8> {
    let pairs = (0..digits.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

pub fn error(error: &Error) -> Value {
    let kind = match error.kind() {
        ErrorKind::InvalidRequest => "invalid_request",
        ErrorKind::Unauthenticated => "unauthenticated",
        ErrorKind::PermissionDenied => "permission_denied",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::DeadlineExceeded => "deadline_exceeded",
        ErrorKind::Cancelled => "cancelled",
        _ => "other",
    };
    json!({
        "kind": kind,
        "code": upper(&format!("{:?}", error.code())),
        "reason": error.reason(),
        "fields": error.fields(),
        "message": error.to_string(),
        "call_id": error.call_id(),
        "outcome_unknown": error.outcome_unknown(),
    })
}

/// Turns the name of a variant into that of its value.
pub fn upper(name: &str) -> String {
    name.chars().enumerate().fold(String::new(), |mut text, (index, each)| {
        if each.is_uppercase() && index > 0 {
            text.push('_');
        }
        text.push(each.to_ascii_uppercase());
        text
    })
}

pub fn receipts(receipts: &[Receipt]) -> Value {
    let told = receipts.iter().map(|each| {
        json!({
            "pipeline": each.pipeline,
            "id": each.id,
            "outcome": upper(&format!("{:?}", each.outcome)),
            "reason": each.reason,
        })
    });
    json!({ "receipts": told.collect::<Vec<_>>() })
}

pub fn outcome(outcome: &ChangeOutcome) -> Value {
    let refusals = outcome
        .refusals
        .iter()
        .map(|each| json!({ "pipeline": each.pipeline, "id": each.id, "locked": each.locked }));
    json!({
        "applied": outcome.applied,
        "refusals": refusals.collect::<Vec<_>>(),
        "refusal_count": outcome.refusal_count,
    })
}

pub fn entry(entry: &HistoryEntry) -> Value {
    json!({
        "time": entry.time.map(DateTime::timestamp_millis),
        "method": upper(&format!("{:?}", entry.method)),
        "caller": entry.caller,
        "fields": entry.fields,
        "reason": entry.reason,
        "request_id": entry.request_id,
        "result_count": entry.result_count,
        "field_count": entry.field_count,
    })
}

pub fn change(change: &Change) -> Value {
    json!({
        "kind": upper(&format!("{:?}", change.kind)),
        "pipeline": change.pipeline,
        "id": change.id,
        "result": change.result.as_ref().map(encode),
        "time": change.time.map(DateTime::timestamp_millis),
        "caller": change.caller,
        "reason": change.reason,
        "fields": change.fields,
        "resume_token": hex(&change.resume_token),
    })
}
