//! The client.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bson::{Bson, Document};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::Status;

use crate::calls::requests::Unary;
use crate::calls::Call;
use crate::core::{Authorization, Core};
use crate::depositor::Depositor;
use crate::deposits::Works;
use crate::documents::{decode, encode_all, encoded, joined, with_id, IntoRawDocument};
use crate::error::{Error, Result};
use crate::outcomes::{ChangeOutcome, HistoryEntry, Receipt, UnlockOutcome, ValueCounts};
use crate::proto::*;
use crate::reads::Read;
use crate::settings::Builder;
use crate::watches::WatchBuilder;

/// A client of the service. Clones share its connections, and any number of tasks may use it.
///
/// What its methods return does nothing until it is awaited, or polled as a stream, within a Tokio runtime. A client
/// may be used in several runtimes, one after the other; connections end with theirs. Calls with one answer have a
/// connection of their own, apart from that of streams, watches and depositors; for each 90 calls under way, a further
/// connection is opened.
#[derive(Clone)]
pub struct Results {
    pub(crate) core: Arc<Core>,
}

impl Results {
    /// Makes a client of the service at `target`, like `localhost:50051`; other settings come from the environment.
    ///
    /// # Errors
    ///
    /// As in [`Builder::connect`].
    pub fn connect(target: impl Into<String>) -> Result<Self> {
        Self::builder().target(target).connect()
    }

    /// Returns a builder, for other settings. With none set, all come from the environment.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Makes a call whose answer is put into the terms of the caller.
    fn call<Q: Unary, T: 'static>(
        &self,
        request: Result<Q>,
        told: impl FnOnce(Q::Answer) -> Result<T> + Send + 'static,
    ) -> Call<Q, T> {
        Call::new(&self.core, request, |core, request, deadline| {
            Box::pin(async move { told(core.call(request, deadline).await?) })
        })
    }

    pub(crate) fn over(core: Core) -> Self {
        let core = Arc::new(core);
        Self { core }
    }

    /// Returns a channel that sends the token of the client: for the generated
    /// [`ResultsServiceClient`](results_service_client::ResultsServiceClient), without the retries of this client.
    ///
    /// Set the limits of messages there: `max_decoding_message_size(17 << 20)`.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn channel(&self) -> InterceptedService<Channel, Authorization> {
        let connection = self.core.streams.connection();
        InterceptedService::new(connection.channel.clone(), self.core.authorization())
    }

    /// Puts the status of a call over [`channel`](Self::channel) into the terms of this client; `method` is its name,
    /// `"View"` for example.
    #[must_use]
    pub fn explain(&self, method: &str, status: &Status) -> Error {
        self.core.called(method, None).explain(status)
    }

    /// Stores works, and returns a receipt for each, in their order. Repeating a deposit is safe.
    ///
    /// A work needs `pipeline`, `status` (`"success"` or `"failure"`) and `id`; where that is missing or null, it gets
    /// a new ObjectId. Any number of works: they are sent in requests of about 1 MiB, four at a time. A work that is
    /// rejected is no error, and the others are stored. [`Error::works`] has the works with their ids.
    pub fn deposit<D: IntoRawDocument>(
        &self,
        works: impl IntoIterator<Item = D>,
    ) -> Call<Works, Vec<Receipt>> {
        let works = encode_all(works).map(|works| Works(works.into_iter().map(with_id).collect()));
        Call::new(&self.core, works, |core, works, deadline| {
            Box::pin(async move { works.deposit(&core, deadline).await })
        })
    }

    /// Opens a depositor, which takes works one by one and sends them together.
    ///
    /// It gives up after 60 s without an acknowledgement, or after the timeout of the client if that is shorter.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    #[must_use = "works that are not acknowledged are lost where a depositor is dropped rather than closed"]
    pub fn depositor(&self) -> Depositor {
        self.depositor_with_patience(self.core.patience())
    }

    /// Opens a depositor that gives up after another time without an acknowledgement.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    #[must_use = "works that are not acknowledged are lost where a depositor is dropped rather than closed"]
    pub fn depositor_with_patience(&self, patience: Duration) -> Depositor {
        Depositor::open(Arc::clone(&self.core), patience)
    }

    /// Sets the given top-level fields of each result that a work names by `pipeline` and `id`; all or nothing.
    pub fn update<D: IntoRawDocument>(
        &self,
        works: impl IntoIterator<Item = D>,
    ) -> Call<UpdateRequest, ChangeOutcome> {
        let request = encode_all(works)
            .map(|works| UpdateRequest { works: Some(joined(works.iter())), ..Default::default() });
        self.call(request, |answer| Ok(answer.outcome.unwrap_or_default().into()))
    }

    /// Deletes results; all or nothing. Refused if one is locked or does not exist.
    pub fn delete_ids(
        &self,
        pipeline: impl Into<String>,
        ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Call<DeleteIdsRequest, ChangeOutcome> {
        let request = DeleteIdsRequest { pipeline: pipeline.into(), ids: texts(ids), ..Default::default() };
        self.call(Ok(request), |answer| Ok(answer.outcome.unwrap_or_default().into()))
    }

    /// Locks results, which can then be neither updated nor deleted; all or nothing. Refused if one does not exist.
    pub fn lock(
        &self,
        pipeline: impl Into<String>,
        ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Call<LockRequest, ChangeOutcome> {
        let request = LockRequest { pipeline: pipeline.into(), ids: texts(ids), ..Default::default() };
        self.call(Ok(request), |answer| Ok(answer.outcome.unwrap_or_default().into()))
    }

    /// Counts how many of the results are locked, and with [`force`](Call::force) unlocks them; all or nothing. Refused
    /// if one does not exist.
    pub fn unlock(
        &self,
        pipeline: impl Into<String>,
        ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Call<UnlockRequest, UnlockOutcome> {
        let request = UnlockRequest { pipeline: pipeline.into(), ids: texts(ids), ..Default::default() };
        self.call(Ok(request), |answer| {
            Ok(UnlockOutcome {
                outcome: answer.outcome.unwrap_or_default().into(),
                locked_count: answer.locked_count,
            })
        })
    }

    /// Reads the results of a pipeline, in descending order of their ids: all, unless the returned [`Read`] is given a
    /// query, a projection, a skip or a limit.
    pub fn view(&self, pipeline: impl Into<String>) -> Read<ViewRequest> {
        let pipeline = pipeline.into();
        let request = ViewRequest { pipeline, ..Default::default() };
        Read::new(&self.core, request)
    }

    /// Reads the results with the highest ids; for ids that the client made, the newest. 10, unless another count is
    /// given.
    pub fn get_by_count(&self, pipeline: impl Into<String>) -> Read<GetByCountRequest> {
        let request = GetByCountRequest { pipeline: pipeline.into(), count: 10, ..Default::default() };
        Read::new(&self.core, request)
    }

    /// Reads the results with the given ids, any number of them. Ids that are not found are left out.
    pub fn get_by_id(
        &self,
        pipeline: impl Into<String>,
        ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Read<GetByIdRequest> {
        let request = GetByIdRequest { pipeline: pipeline.into(), ids: texts(ids), ..Default::default() };
        Read::new(&self.core, request)
    }

    /// Reads the results whose field `event` contains a number.
    pub fn get_by_event(&self, pipeline: impl Into<String>, event_number: i64) -> Read<GetByEventRequest> {
        let request = GetByEventRequest {
            pipeline: pipeline.into(),
            event_number: Some(event_number),
            ..Default::default()
        };
        Read::new(&self.core, request)
    }

    /// Reads locked results that have `results`, `plots` and `products`, each with these, `id` and `event` alone. 10,
    /// unless another count is given.
    pub fn get_locked(&self, pipeline: impl Into<String>) -> Read<GetLockedRequest> {
        let request = GetLockedRequest { pipeline: pipeline.into(), count: 10, ..Default::default() };
        Read::new(&self.core, request)
    }

    /// Reads the results with the highest values of a field, a path like `results.snr`: 100, unless another limit is
    /// given. They arrive when all are there.
    pub fn top(&self, pipeline: impl Into<String>, field: impl Into<String>) -> Read<TopRequest> {
        let request =
            TopRequest { pipeline: pipeline.into(), field: field.into(), limit: 100, ..Default::default() };
        Read::new(&self.core, request)
    }

    /// Watches the changes of results: of all pipelines that the caller may use, unless the returned [`WatchBuilder`]
    /// is given some.
    pub fn watch(&self) -> WatchBuilder {
        WatchBuilder::new(&self.core)
    }

    /// Counts the results of a pipeline that match a MongoDB filter, exactly.
    pub fn count(&self, pipeline: impl Into<String>, query: impl IntoRawDocument) -> Call<CountRequest, i64> {
        let pipeline = pipeline.into();
        let request = encoded("query", query).map(|query| CountRequest { pipeline, query: Some(query) });
        self.call(request, |answer| Ok(answer.count))
    }

    /// Counts the results that match a MongoDB filter by the values of a field, a path like `results.class`.
    pub fn count_by(
        &self,
        pipeline: impl Into<String>,
        field: impl Into<String>,
        query: impl IntoRawDocument,
    ) -> Call<CountByRequest, ValueCounts> {
        let (pipeline, field) = (pipeline.into(), field.into());
        let request = encoded("query", query).map(|query| CountByRequest {
            pipeline,
            field,
            query: Some(query),
            ..Default::default()
        });
        self.call(request, |answer| {
            Ok(ValueCounts {
                counts: answer.counts.into_iter().map(value).collect::<Result<_>>()?,
                has_more: answer.has_more,
                other_count: answer.other_count,
            })
        })
    }

    /// Counts the locked results of a pipeline.
    pub fn get_locked_count(&self, pipeline: impl Into<String>) -> Call<GetLockedCountRequest, i64> {
        let pipeline = pipeline.into();
        let request = GetLockedCountRequest { pipeline };
        self.call(Ok(request), |answer| Ok(answer.count))
    }

    /// Returns the number of results of each pipeline that has some.
    pub fn status(&self) -> Call<StatusRequest, BTreeMap<String, i64>> {
        self.call(Ok(StatusRequest {}), |answer| Ok(answer.counts.into_iter().collect()))
    }

    /// Returns the versions of the server, the API and MongoDB, and what the server accepts.
    pub fn info(&self) -> Call<InfoRequest, InfoResponse> {
        self.call(Ok(InfoRequest {}), Ok)
    }

    /// Returns the changes of a result, the newest first.
    pub fn history(
        &self,
        pipeline: impl Into<String>,
        id: impl Into<String>,
    ) -> Call<HistoryRequest, Vec<HistoryEntry>> {
        let request = HistoryRequest { pipeline: pipeline.into(), id: id.into(), ..Default::default() };
        Call::new(&self.core, Ok(request), |core, mut request, deadline| {
            Box::pin(async move {
                let mut entries = Vec::new();
                loop {
                    let page = core.call(request.clone(), deadline).await?;
                    entries.extend(page.entries.into_iter().map(HistoryEntry::from));
                    if page.next_page_token.is_empty() {
                        return Ok(entries);
                    }
                    request.page_token = page.next_page_token;
                }
            })
        })
    }

    /// Returns the changes of a pipeline itself, which are that it was dropped; the newest first.
    pub fn pipeline_history(&self, pipeline: impl Into<String>) -> Call<HistoryRequest, Vec<HistoryEntry>> {
        self.history(pipeline, "")
    }

    /// Lists the indexes on fields of a pipeline, in the order of their fields. For admins.
    pub fn list_indexes(&self, pipeline: impl Into<String>) -> Call<ListIndexesRequest, Vec<FieldIndex>> {
        let pipeline = pipeline.into();
        let request = ListIndexesRequest { pipeline };
        self.call(Ok(request), |answer| Ok(answer.indexes))
    }

    /// Builds an index on a field, a path like `results.snr`, unless there is one. For admins.
    ///
    /// If that takes longer than the call, the index is not `ready`, and the server goes on building it.
    pub fn create_index(
        &self,
        pipeline: impl Into<String>,
        field: impl Into<String>,
    ) -> Call<CreateIndexRequest, FieldIndex> {
        let (pipeline, field) = (pipeline.into(), field.into());
        let request = CreateIndexRequest { pipeline, field };
        let missing = || Error::other("the service told of no index");
        self.call(Ok(request), move |answer| answer.index.ok_or_else(missing))
    }

    /// Drops the index on a field, and returns whether there was one. For admins.
    pub fn drop_index(
        &self,
        pipeline: impl Into<String>,
        field: impl Into<String>,
    ) -> Call<DropIndexRequest, bool> {
        let (pipeline, field) = (pipeline.into(), field.into());
        let request = DropIndexRequest { pipeline, field };
        self.call(Ok(request), |answer| Ok(answer.dropped))
    }

    /// Drops a pipeline that has no results left, and returns whether there was one. For admins.
    pub fn drop_pipeline(&self, pipeline: impl Into<String>) -> Call<DropPipelineRequest, bool> {
        let request = DropPipelineRequest { pipeline: pipeline.into(), ..Default::default() };
        self.call(Ok(request), |answer| Ok(answer.dropped))
    }
}

impl fmt::Debug for Results {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(formatter)
    }
}

fn texts(texts: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

/// A value and how many results have it.
fn value(told: ValueCount) -> Result<(Bson, i64)> {
    let document = match told.value.and_then(|value| value.form) {
        Some(encoded_document::Form::Bson(bytes)) => decode(&bytes)?,
        _ => Document::new(),
    };
    let value = document.into_iter().next().map(|(_, value)| value);
    Ok((value.unwrap_or(Bson::Null), told.count))
}
