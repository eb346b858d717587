//! Commands of streams, watches and depositors, which stay open between commands.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;

use futures::{FutureExt, StreamExt};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use workflow_results::bson::doc;
use workflow_results::{Depositor, Read, Receipt, ResultStream, Results, Watch};

use crate::encoding::{change, encode, hex, receipts, unhex, upper, Command};
use crate::{Answer, Failure, Testee};

const MOST_RECEIPTS: usize = 20_000;

/// What a command has opened.
#[derive(Clone)]
pub enum Opened {
    Results(Arc<Mutex<ResultStream>>),
    Watch(Arc<Mutex<Watch>>),
    Depositor(Arc<Depositor>),
}

pub async fn carry_out(testee: &Testee, client: &Results, command: &Command) -> Answer {
    let name = command.text("stream").to_owned();
    let open = |opened| {
        testee.streams.lock().unwrap().insert(name.clone(), opened);
        Ok(json!({}))
    };
    let opened = || testee.streams.lock().unwrap()[&name].clone();
    let told = || {
        let mut told = testee.told.lock().unwrap();
        Arc::clone(told.entry(name.clone()).or_default())
    };
    match (command.text("do"), command.text("what")) {
        ("open", "watch") => {
            let watch = watch(client, command).await?;
            open(Opened::Watch(Arc::new(Mutex::new(watch))))
        }
        ("open", what) => {
            let results = read(client, what, command).ok_or(Failure::Unknown)?;
            open(Opened::Results(Arc::new(Mutex::new(results))))
        }
        ("depositor", _) => {
            let depositor = match command.timeout() {
                Some(patience) => client.depositor_with_patience(patience),
                None => client.depositor(),
            };
            open(Opened::Depositor(Arc::new(depositor)))
        }
        ("tell", _) => Ok(json!({ "count": told().load(Ordering::Relaxed) })),
        ("shut", _) => {
            let opened = testee.streams.lock().unwrap().remove(&name);
            if let Some(Opened::Depositor(depositor)) = opened {
                let only = Arc::into_inner(depositor).expect("nothing sends any more");
                only.close().await?;
            }
            Ok(json!({}))
        }
        ("next", _) => next(opened(), command).await,
        ("token", _) => match opened() {
            Opened::Watch(watch) => Ok(json!({ "resume_token": hex(watch.lock().await.resume_token()) })),
            _ => Err(Failure::Unknown),
        },
        ("drain", _) => match opened() {
            Opened::Results(results) => drain(&mut *results.lock().await, &told()).await,
            _ => Err(Failure::Unknown),
        },
        (what @ ("send" | "send_many"), _) => match opened() {
            Opened::Depositor(depositor) if what == "send" => send(&depositor, command).await,
            Opened::Depositor(depositor) => send_many(&depositor, command, &told()).await,
            _ => Err(Failure::Unknown),
        },
        _ => Err(Failure::Unknown),
    }
}

/// Begins a read; `None` if there is none that is called so.
pub fn read(client: &Results, what: &str, command: &Command) -> Option<ResultStream> {
    fn streamed<Q>(read: Read<Q>, command: &Command) -> Read<Q> {
        match command.timeout() {
            Some(timeout) => read.timeout(timeout),
            None => read,
        }
    }
    let pipeline = command.text("pipeline");
    let (query, projection) = (command.document("query"), command.document("projection"));
    let number = |name| command.integer(name).unwrap_or_default();
    Some(match what {
        "view" => {
            let read = client.view(pipeline).query(query).projection(projection);
            let read = read.skip(number("skip")).limit(number("limit"));
            streamed(read, command).stream()
        }
        "get_by_count" => {
            let read = client.get_by_count(pipeline).count(number("count"));
            streamed(read, command).stream()
        }
        "get_by_id" => {
            let read = client.get_by_id(pipeline, command.texts("ids"));
            streamed(read, command).stream()
        }
        "get_by_event" => {
            let read = client.get_by_event(pipeline, number("event_number"));
            streamed(read, command).stream()
        }
        "get_locked" => {
            let read = client.get_locked(pipeline);
            let read = read.skip(number("skip")).count(number("count"));
            streamed(read, command).stream()
        }
        "top" => {
            let mut read = client.top(pipeline, command.text("field"));
            read = read.query(query).projection(projection);
            if let Some(limit) = command.integer("limit") {
                read = read.limit(limit.try_into().unwrap());
            }
            if command.is_true("ascending") {
                read = read.ascending();
            }
            streamed(read, command).stream()
        }
        _ => return None,
    })
}

async fn watch(client: &Results, command: &Command) -> Result<Watch, Failure> {
    let mut watch = client.watch();
    for pipeline in command.texts("pipelines") {
        watch = watch.pipeline(pipeline);
    }
    if command.get("query").is_some() {
        watch = watch.query(command.document("query"));
    }
    if command.get("projection").is_some() {
        watch = watch.projection(command.document("projection"));
    }
    if command.is_true("snapshot") {
        watch = watch.snapshot();
    }
    if command.get("resume_token").is_some() {
        watch = watch.resume_token(unhex(command.text("resume_token")));
    }
    if let Some(timeout) = command.timeout() {
        watch = watch.timeout(timeout);
    }
    Ok(watch.await?)
}

async fn next(opened: Opened, command: &Command) -> Answer {
    let count = usize::try_from(command.integer("count").unwrap()).unwrap();
    let mut taken = Vec::new();
    match opened {
        Opened::Results(results) => {
            let mut results = results.lock().await;
            while taken.len() < count {
                let Some(result) = results.next().await else {
                    return Ok(json!({ "results": taken, "end": true }));
                };
                taken.push(encode(&result?));
            }
            Ok(json!({ "results": taken }))
        }
        Opened::Watch(watch) => {
            let (mut watch, mut changes) = (watch.lock().await, Vec::new());
            while changes.len() < count {
                let next = watch.next().await;
                changes.push(change(&next.expect("a watch has no end")?));
            }
            Ok(json!({ "changes": changes }))
        }
        Opened::Depositor(_) => Err(Failure::Unknown),
    }
}

async fn drain(results: &mut ResultStream, told: &AtomicU64) -> Answer {
    let (began, mut digest, mut ordered) = (Instant::now(), Sha256::new(), true);
    let (mut count, mut last): (u64, Option<String>) = (0, None);
    while let Some(result) = results.next().await {
        let result = result?;
        let id = result.get_str("id").unwrap_or_default();
        digest.update(id);
        digest.update("\n");
        ordered &= last.as_deref().is_none_or(|last| id < last);
        last = Some(id.to_owned());
        count += 1;
        told.store(count, Ordering::Relaxed);
    }
    Ok(json!({
        "count": count,
        "digest": hex(digest.finalize()),
        "ordered": ordered,
        "seconds": began.elapsed().as_secs_f64(),
    }))
}

async fn send(depositor: &Depositor, command: &Command) -> Answer {
    let mut pending = Vec::new();
    for work in command.works() {
        pending.push(depositor.deposit(work).await?);
    }
    let told = futures::future::try_join_all(pending).await?;
    Ok(receipts(&told))
}

async fn send_many(depositor: &Depositor, command: &Command, told: &AtomicU64) -> Answer {
    let began = Instant::now();
    let number = |name| command.integer(name).unwrap();
    let padding = "x".repeat(number("padding").try_into().unwrap());
    let mut outcomes: HashMap<String, u64> = HashMap::new();
    let mut count = |receipt: Receipt| {
        let outcome = upper(&format!("{:?}", receipt.outcome));
        *outcomes.entry(outcome).or_default() += 1;
        told.fetch_add(1, Ordering::Relaxed);
    };
    let mut pending = VecDeque::new();
    for each in number("from")..number("to") {
        let work = doc! {
            "id": format!("{each:010}"),
            "pipeline": command.text("pipeline"),
            "status": "success",
            "results": { "number": each, "padding": &padding },
        };
        pending.push_back(depositor.deposit(work).await?);
        while let Some(known) = pending.front_mut().and_then(FutureExt::now_or_never) {
            pending.pop_front();
            count(known?);
        }
        if pending.len() > MOST_RECEIPTS {
            count(pending.pop_front().expect("it is there").await?);
        }
    }
    for each in pending {
        count(each.await?);
    }
    let outcomes: Value = outcomes.into_iter().collect();
    Ok(json!({ "outcomes": outcomes, "seconds": began.elapsed().as_secs_f64() }))
}
