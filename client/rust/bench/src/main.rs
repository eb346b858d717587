//! What the MongoDB driver does with the same works: the commands of the benchmark, one line of JSON each.

use std::io::{BufRead, Write};
use std::time::Instant;

use futures::TryStreamExt;
use mongodb::bson::{doc, Document};
use mongodb::error::Result;
use mongodb::options::{Acknowledgment, WriteConcern};
use mongodb::{Client, Collection};
use serde_json::{json, Value};

const BATCH: i64 = 1_000;

async fn collection(command: &Value) -> Result<Collection<Document>> {
    let text = |name: &str| command[name].as_str().unwrap_or_default().to_owned();
    let client = Client::with_uri_str(text("uri")).await?;
    Ok(client.database(&text("database")).collection(&text("pipeline")))
}

async fn insert(command: &Value) -> Result<Value> {
    let collection = collection(command).await?;
    let number = |name: &str| command[name].as_i64().unwrap_or_default();
    let padding = "x".repeat(usize::try_from(number("padding")).unwrap_or_default());
    let durable = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build();
    let began = Instant::now();
    let (mut from, to) = (number("from"), number("to"));
    while from < to {
        let end = to.min(from + BATCH);
        let works = (from..end).map(|each| {
            let id = format!("{each:010}");
            doc! {
                "_id": &id,
                "id": &id,
                "pipeline": collection.name(),
                "status": "success",
                "results": { "number": each, "padding": &padding },
            }
        });
        collection.insert_many(works).ordered(false).write_concern(durable.clone()).await?;
        from = end;
    }
    Ok(json!({ "seconds": began.elapsed().as_secs_f64() }))
}

async fn find(command: &Value) -> Result<Value> {
    let collection = collection(command).await?;
    let began = Instant::now();
    let mut found = collection.find(doc! {}).sort(doc! { "_id": -1 }).await?;
    let mut count = 0;
    while found.try_next().await?.is_some() {
        count += 1;
    }
    Ok(json!({ "count": count, "seconds": began.elapsed().as_secs_f64() }))
}

#[tokio::main]
async fn main() {
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("commands are text");
        let command: Value = serde_json::from_str(&line).expect("commands are JSON");
        let done = match command["do"].as_str() {
            Some("driver_insert") => insert(&command).await,
            Some("driver_find") => find(&command).await,
            _ => Ok(json!({ "unknown": true })),
        };
        let mut answer = done.unwrap_or_else(
            |error| json!({ "error": { "kind": "other", "reason": "", "message": error.to_string() } }),
        );
        answer["n"] = command["n"].clone();
        let mut output = std::io::stdout().lock();
        writeln!(output, "{answer}").expect("somebody reads the answers");
    }
}
