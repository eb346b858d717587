//! The program that stands for this client in the shared suite; `tests/clients/README.md` describes what it understands.

mod calls;
mod encoding;
mod streams;
mod stub;

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{json, Value};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;
use workflow_results::{Error, Results};

use crate::encoding::Command;
use crate::streams::Opened;

/// What a command is answered with.
type Answer = Result<Value, Failure>;

/// Why a command has no answer.
enum Failure {
    Error(Box<Error>),
    Unknown,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(Box::new(error))
    }
}

/// The clients and streams that commands name.
#[derive(Default)]
struct Testee {
    clients: Mutex<HashMap<String, Results>>,
    streams: Mutex<HashMap<String, Opened>>,
    told: Mutex<HashMap<String, Arc<AtomicU64>>>,
}

impl Testee {
    async fn carry_out(&self, command: &Command) -> Answer {
        match command.text("do") {
            "connect" => self.connect(command),
            "close" => {
                self.clients.lock().unwrap().remove(command.text("client"));
                Ok(json!({}))
            }
            "echo" => {
                let document = encoding::decode(command.text("document"));
                Ok(json!({ "document": encoding::hex(document.to_vec().unwrap()) }))
            }
            "rss" => Ok(rss()),
            _ => {
                let name = command.text("client");
                let client = self.clients.lock().unwrap()[name].clone();
                match streams::carry_out(self, &client, command).await {
                    Err(Failure::Unknown) => calls::carry_out(&client, command).await,
                    answer => answer,
                }
            }
        }
    }

    fn connect(&self, command: &Command) -> Answer {
        let mut builder = Results::builder();
        if let Some(target) = command.get("target") {
            builder = builder.target(target.as_str().unwrap());
        }
        if let Some(token) = command.get("token") {
            builder = builder.token(token.as_str().unwrap());
        }
        if let Some(tls) = command.get("tls") {
            builder = builder.tls(tls.as_bool().unwrap());
        }
        if let Some(path) = command.get("ca_file") {
            builder = builder.ca_file(path.as_str().unwrap());
        }
        if let Some(path) = command.get("cert_file") {
            builder = builder.cert_file(path.as_str().unwrap());
        }
        if let Some(path) = command.get("key_file") {
            builder = builder.key_file(path.as_str().unwrap());
        }
        if let Some(seconds) = command.get("timeout") {
            // The type has no negative durations.
            builder = builder.timeout(Duration::from_secs_f64(seconds.as_f64().unwrap().max(0.0)));
        }
        let (name, client) = (command.text("client").to_owned(), builder.connect()?);
        self.clients.lock().unwrap().insert(name, client);
        Ok(json!({}))
    }
}

fn rss() -> Value {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    json!({ "peak_kib": kib("VmHWM:"), "now_kib": kib("VmRSS:") })
}

#[tokio::main]
async fn main() {
    let testee = Arc::new(Testee::default());
    let (answers, mut answered) = mpsc::unbounded_channel::<Value>();
    let printing = tokio::spawn(async move {
        let mut output = tokio::io::stdout();
        while let Some(answer) = answered.recv().await {
            let line = format!("{answer}\n");
            output.write_all(line.as_bytes()).await.unwrap();
            output.flush().await.unwrap();
        }
    });
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let command = Command(serde_json::from_str(&line).unwrap());
        let (testee, answers) = (Arc::clone(&testee), answers.clone());
        tokio::spawn(async move {
            let mut answer = match testee.carry_out(&command).await {
                Ok(answer) => answer,
                Err(Failure::Unknown) => json!({ "unknown": true }),
                Err(Failure::Error(error)) => json!({ "error": encoding::error(&error) }),
            };
            answer["n"] = command.get("n").unwrap().clone();
            let _ = answers.send(answer);
        });
    }
    drop(answers);
    let _ = printing.await;
}
