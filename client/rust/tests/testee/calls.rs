//! Commands that are calls with one answer, or reads that are read to their end.

use futures::TryStreamExt;
use serde_json::{json, Value};
use workflow_results::bson::doc;
use workflow_results::proto::FieldIndex;
use workflow_results::{Call, Error, Results};

use crate::encoding::{encode, entry, outcome, receipts, Command};
use crate::{streams, stub, Answer, Failure};

/// Makes a call with the options that the command gives.
async fn made<Q: Send + 'static, T: 'static>(call: Call<Q, T>, command: &Command) -> Result<T, Error> {
    match command.timeout() {
        Some(timeout) => call.timeout(timeout).await,
        None => call.await,
    }
}

/// Makes a call that changes something.
macro_rules! changed {
    ($call:expr, $command:expr) => {{
        let mut call = $call;
        if $command.get("reason").is_some() {
            call = call.reason($command.text("reason"));
        }
        if $command.get("request_id").is_some() {
            call = call.request_id($command.text("request_id"));
        }
        made(call, $command).await?
    }};
}

pub async fn carry_out(client: &Results, command: &Command) -> Answer {
    let (pipeline, field) = (command.text("pipeline"), command.text("field"));
    Ok(match command.text("do") {
        "deposit" => receipts(&made(client.deposit(command.works()), command).await?),
        "update" => {
            let told = changed!(client.update(command.works()), command);
            json!({ "outcome": outcome(&told) })
        }
        "delete_ids" => {
            let told = changed!(client.delete_ids(pipeline, command.texts("ids")), command);
            json!({ "outcome": outcome(&told) })
        }
        "lock" => {
            let told = changed!(client.lock(pipeline, command.texts("ids")), command);
            json!({ "outcome": outcome(&told) })
        }
        "unlock" => {
            let mut call = client.unlock(pipeline, command.texts("ids"));
            if command.is_true("force") {
                call = call.force();
            }
            let told = changed!(call, command);
            json!({ "outcome": outcome(&told.outcome), "locked_count": told.locked_count })
        }
        "count" => {
            let call = client.count(pipeline, command.document("query"));
            json!({ "count": made(call, command).await? })
        }
        "count_by" => {
            let call = client.count_by(pipeline, field, command.document("query"));
            let told = made(call, command).await?;
            let counts = told.counts.into_iter();
            let counts = counts
                .map(|(value, count)| json!({ "value": encode(&doc! { "value": value }), "count": count }));
            json!({
                "counts": counts.collect::<Vec<_>>(),
                "has_more": told.has_more,
                "other_count": told.other_count,
            })
        }
        "status" => json!({ "counts": made(client.status(), command).await? }),
        "info" => info(client, command).await?,
        "get_locked_count" => {
            json!({ "count": made(client.get_locked_count(pipeline), command).await? })
        }
        "history" => {
            let call = match command.get("id") {
                Some(_) => client.history(pipeline, command.text("id")),
                None => client.pipeline_history(pipeline),
            };
            let entries = made(call, command).await?;
            json!({ "entries": entries.iter().map(entry).collect::<Vec<_>>() })
        }
        "list_indexes" => {
            let indexes = made(client.list_indexes(pipeline), command).await?;
            json!({ "indexes": indexes.iter().map(index).collect::<Vec<_>>() })
        }
        "create_index" => {
            let made = made(client.create_index(pipeline, field), command).await?;
            json!({ "index": index(&made) })
        }
        "drop_index" => {
            json!({ "dropped": made(client.drop_index(pipeline, field), command).await? })
        }
        "drop_pipeline" => {
            let call = client.drop_pipeline(pipeline).reason(command.text("reason"));
            json!({ "dropped": made(call, command).await? })
        }
        "rpc" => stub::carry_out(client, command).await?,
        what => {
            let results = streams::read(client, what, command).ok_or(Failure::Unknown)?;
            let results: Vec<_> = results.try_collect().await?;
            json!({ "results": results.iter().map(encode).collect::<Vec<_>>() })
        }
    })
}

fn index(index: &FieldIndex) -> Value {
    json!({ "field": index.field, "size_bytes": index.size_bytes, "ready": index.ready })
}

async fn info(client: &Results, command: &Command) -> Answer {
    let told = made(client.info(), command).await?;
    let limits = told.limits.unwrap_or_default();
    Ok(json!({
        "server_version": told.server_version,
        "api_version": told.api_version,
        "mongodb_version": told.mongodb_version,
        "checker": told.checker,
        "limits": {
            "message_bytes": limits.message_bytes,
            "work_bytes": limits.work_bytes,
            "work_depth": limits.work_depth,
            "pipeline_length": limits.pipeline_length,
            "id_length": limits.id_length,
            "transaction_results": limits.transaction_results,
            "batch_bytes": limits.batch_bytes,
            "server_seconds": limits.server_seconds,
            "request_works": limits.request_works,
            "pipelines": limits.pipelines,
        },
    }))
}
