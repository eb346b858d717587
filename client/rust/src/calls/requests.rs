//! The requests of calls with one answer: their methods, answers and policies.

use crate::calls::attempts::{Policy, IDEMPOTENT, ONCE};
use crate::proto::*;
use crate::transport::sending::{Received, Sent};

/// A request of a method with one answer.
pub trait Unary: Sent {
    /// Its method.
    const METHOD: &'static str;
    /// The message of its answer.
    type Answer: Received;

    /// What is tried again.
    fn policy(&self) -> Policy {
        IDEMPOTENT
    }
}

/// A request with a reason.
pub trait Reasoned {
    /// The reason.
    fn reason_mut(&mut self) -> &mut String;
}

/// A request that is carried out once under its id.
pub trait Repeatable {
    /// The id.
    fn request_id_mut(&mut self) -> &mut String;
}

macro_rules! idempotent {
    ($($request:ident $answer:ident $method:literal)*) => {$(
        impl Unary for $request {
            const METHOD: &'static str = $method;
            type Answer = $answer;
        }
    )*};
}

macro_rules! once {
    ($($request:ident $answer:ident $method:literal)*) => {$(
        impl Unary for $request {
            const METHOD: &'static str = $method;
            type Answer = $answer;

            fn policy(&self) -> Policy {
                if self.request_id.is_empty() { ONCE } else { IDEMPOTENT }
            }
        }

        impl Reasoned for $request {
            fn reason_mut(&mut self) -> &mut String {
                &mut self.reason
            }
        }

        impl Repeatable for $request {
            fn request_id_mut(&mut self) -> &mut String {
                &mut self.request_id
            }
        }
    )*};
}

idempotent! {
    DepositRequest DepositResponse "Deposit"
    CountRequest CountResponse "Count"
    CountByRequest CountByResponse "CountBy"
    StatusRequest StatusResponse "Status"
    InfoRequest InfoResponse "Info"
    GetLockedCountRequest GetLockedCountResponse "GetLockedCount"
    HistoryRequest HistoryResponse "History"
    ListIndexesRequest ListIndexesResponse "ListIndexes"
    CreateIndexRequest CreateIndexResponse "CreateIndex"
    DropIndexRequest DropIndexResponse "DropIndex"
    DropPipelineRequest DropPipelineResponse "DropPipeline"
}

once! {
    UpdateRequest UpdateResponse "Update"
    DeleteIdsRequest DeleteIdsResponse "DeleteIds"
    LockRequest LockResponse "Lock"
    UnlockRequest UnlockResponse "Unlock"
}

impl Reasoned for DropPipelineRequest {
    fn reason_mut(&mut self) -> &mut String {
        &mut self.reason
    }
}
