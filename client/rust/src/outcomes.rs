//! What calls return.

use bson::{Bson, DateTime, Document};
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::proto;
use crate::proto::{ChangeMethod, DepositOutcome, RefusalReason, Rejection, RejectionReason};

/// What became of one deposited work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Stored durably by this call, or by an earlier attempt of it that was not acknowledged.
    Deposited,
    /// Stored durably before, with the same content.
    AlreadyDeposited,
    /// A result with this id and other content is stored. It was not changed; the work is not stored.
    Conflict,
    /// The work breaks a rule and is not stored.
    Rejected,
}

/// The receipt of one work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The pipeline of the work; empty if it has none.
    pub pipeline: String,
    /// The id of the work, which the client may have made; empty if it is not a text.
    pub id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was rejected: the name of the [`RejectionReason`], a colon, a space and a sentence. Otherwise empty.
    pub reason: String,
}

impl Receipt {
    /// Whether the work is stored durably, by this call or an earlier one.
    #[must_use]
    pub fn stored(&self) -> bool {
        matches!(self.outcome, Outcome::Deposited | Outcome::AlreadyDeposited)
    }
}

/// One result for which an all-or-nothing call was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The pipeline of the result.
    pub pipeline: String,
    /// The id of the result.
    pub id: String,
    /// Whether it is locked; if not, it does not exist.
    pub locked: bool,
}

/// The outcome of an all-or-nothing call. A refusal is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the call may have been refused"]
pub struct ChangeOutcome {
    /// Whether every named result was changed, or was as requested before; if not, nothing was changed.
    pub applied: bool,
    /// The results for which the call was refused: the first 1,000.
    pub refusals: Vec<Refusal>,
    /// For how many results it was refused in all.
    pub refusal_count: i32,
}

/// The outcome of an unlock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the call may have been refused"]
pub struct UnlockOutcome {
    /// Whether all were unlocked. Without [`force`](crate::Call::force), `applied` is false.
    pub outcome: ChangeOutcome,
    /// How many of the results were locked: with `force` those that are unlocked now, without it those that would be.
    pub locked_count: i32,
}

/// The numbers of results by the values of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueCounts {
    /// The values, each with the number of results that have it: the most frequent first, at most 1,000.
    pub counts: Vec<(Bson, i64)>,
    /// Whether there are more values than these.
    pub has_more: bool,
    /// How many values are not told apart, each counted once for each result.
    pub other_count: i64,
}

/// One change of a result, or of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When, by the clock of the server, to the millisecond.
    pub time: Option<DateTime>,
    /// What was done.
    pub method: ChangeMethod,
    /// The name of the caller; empty if the server has no tokens file.
    pub caller: String,
    /// The top-level fields that an update set; only the first ones if there are many.
    pub fields: Vec<String>,
    /// Why, as the caller gave it.
    pub reason: String,
    /// The `request_id` that the caller gave.
    pub request_id: String,
    /// How many results of the pipeline the call named; 0 for a dropped pipeline.
    pub result_count: i32,
    /// How many top-level fields an update set.
    pub field_count: i32,
}

/// What happened to a result that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// Nothing: it is part of the snapshot.
    Existing,
    /// It was deposited.
    Deposited,
    /// It was changed by an update.
    Updated,
    /// It was locked, or had been locked before.
    Locked,
    /// It was unlocked, or had been unlocked before.
    Unlocked,
    /// It was deleted.
    Deleted,
    /// An administrator changed it in MongoDB.
    Changed,
    /// It was changed and does not match the query now, or it was deleted since.
    Unmatched,
    /// Its pipeline was dropped, with all results that may have been in it; there is no id.
    Dropped,
    /// The snapshot has come; there is no pipeline and no id.
    SnapshotComplete,
}

/// One change that a [`Watch`](crate::Watch) tells of.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The pipeline of the result.
    pub pipeline: String,
    /// The id of the result.
    pub id: String,
    /// The result as it is now, where the kind of change comes with one.
    pub result: Option<Document>,
    /// When, to the millisecond; not for what existed before.
    pub time: Option<DateTime>,
    /// The name of the caller, for changes by update, delete, lock and unlock.
    pub caller: String,
    /// Why, as the caller gave it.
    pub reason: String,
    /// The top-level fields that an update set.
    pub fields: Vec<String>,
    /// What to give to another watch so that it goes on behind this change.
    pub resume_token: Bytes,
}

impl ChangeKind {
    pub(crate) fn of(kind: proto::ChangeKind) -> Option<Self> {
        Some(match kind {
            proto::ChangeKind::Unspecified => return None,
            proto::ChangeKind::Existing => Self::Existing,
            proto::ChangeKind::Deposited => Self::Deposited,
            proto::ChangeKind::Updated => Self::Updated,
            proto::ChangeKind::Locked => Self::Locked,
            proto::ChangeKind::Unlocked => Self::Unlocked,
            proto::ChangeKind::Deleted => Self::Deleted,
            proto::ChangeKind::Changed => Self::Changed,
            proto::ChangeKind::Unmatched => Self::Unmatched,
            proto::ChangeKind::Dropped => Self::Dropped,
        })
    }
}

impl From<proto::ChangeOutcome> for ChangeOutcome {
    fn from(told: proto::ChangeOutcome) -> Self {
        let refusals = told.refusals.into_iter().map(|each| Refusal {
            locked: each.reason() == RefusalReason::Locked,
            pipeline: each.pipeline,
            id: each.id,
        });
        Self { applied: told.applied, refusals: refusals.collect(), refusal_count: told.refusal_count }
    }
}

impl From<proto::HistoryEntry> for HistoryEntry {
    fn from(told: proto::HistoryEntry) -> Self {
        Self {
            time: told.time.map(time),
            method: told.method(),
            caller: told.caller,
            fields: told.fields,
            reason: told.reason,
            request_id: told.request_id,
            result_count: told.result_count,
            field_count: told.field_count,
        }
    }
}

pub(crate) fn time(told: prost_types::Timestamp) -> DateTime {
    let milliseconds = i64::from(told.nanos.div_euclid(1_000_000));
    DateTime::from_millis(told.seconds.saturating_mul(1_000).saturating_add(milliseconds))
}

fn outcome(told: i32) -> Result<Outcome> {
    Ok(match DepositOutcome::try_from(told) {
        Ok(DepositOutcome::Deposited) => Outcome::Deposited,
        Ok(DepositOutcome::AlreadyDeposited) => Outcome::AlreadyDeposited,
        Ok(DepositOutcome::Conflict) => Outcome::Conflict,
        Ok(DepositOutcome::Rejected) => Outcome::Rejected,
        _ => {
            return Err(Error::other(format!(
            "the service told of the outcome {told}, which this client does not know: is it older than the \
                 server?"
        )))
        }
    })
}

/// The outcomes of a request of so many works, each with the reason of a rejection.
pub(crate) fn outcomes(
    told: &[i32],
    rejections: Vec<Rejection>,
    works: usize,
) -> Result<Vec<(Outcome, String)>> {
    if told.len() != works {
        let number = told.len();
        return Err(Error::other(format!("the service told of {number} outcomes for {works} works")));
    }
    let known = told.iter().map(|each| Ok((outcome(*each)?, String::new())));
    let mut found = known.collect::<Result<Vec<_>>>()?;
    for rejection in rejections {
        let index = usize::try_from(rejection.index).ok();
        if let Some((_, reason)) = index.and_then(|index| found.get_mut(index)) {
            *reason = format!("{}: {}", rejection_name(rejection.reason()), rejection.message);
        }
    }
    Ok(found)
}

/// The name of a reason, as receipts tell it.
pub(crate) fn rejection_name(reason: RejectionReason) -> &'static str {
    reason.as_str_name().trim_start_matches("REJECTION_REASON_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_work_has_an_outcome_that_is_known() {
        let rejection =
            Rejection { index: 1, message: "no id".into(), reason: RejectionReason::InvalidWork.into() };
        let told = [DepositOutcome::Conflict, DepositOutcome::Rejected].map(i32::from);
        let found = outcomes(&told, vec![rejection], 2).unwrap();
        assert_eq!(found[0], (Outcome::Conflict, String::new()));
        assert_eq!(found[1], (Outcome::Rejected, "INVALID_WORK: no id".to_owned()));
        for works in [1, 3] {
            let error = outcomes(&told, Vec::new(), works).unwrap_err();
            assert!(error.to_string().contains("2 outcomes"));
        }
        for unknown in [0, 99] {
            assert!(outcomes(&[unknown], Vec::new(), 1).unwrap_err().to_string().contains("does not know"));
        }
    }

    #[test]
    fn times_are_to_the_millisecond() {
        let told = |seconds, nanos| time(prost_types::Timestamp { seconds, nanos }).timestamp_millis();
        assert_eq!(told(1, 2_999_999), 1_002);
        assert_eq!(told(-1, 999_000_000), -1);
        assert_eq!(told(i64::MAX, 0), i64::MAX);
    }
}
