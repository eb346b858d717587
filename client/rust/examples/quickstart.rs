use futures::TryStreamExt;
use workflow_results::bson::doc;
use workflow_results::{Error, Results};

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Where WORKFLOW_RESULTS_TARGET says, else at localhost:50051.
    let results = Results::builder().connect()?;

    let works = (1..=3).map(|number| {
        let (id, dm) = (format!("burst-{number}"), 300.5 + f64::from(number));
        doc! { "id": id, "pipeline": "tutorial", "status": "success", "results": { "dm": dm } }
    });
    for receipt in results.deposit(works).await? {
        println!("{} {:?}", receipt.id, receipt.outcome);
    }

    let query = doc! { "results.dm": { "$gt": 302 } };
    let mut found = results.view("tutorial").query(query).limit(10).stream();
    while let Some(result) = found.try_next().await? {
        println!("{result}");
    }

    let mut watch = results.watch().pipeline("tutorial").await?;
    let locked = results.lock("tutorial", ["burst-1"]).reason("checked").await?;
    println!("locked: {}", locked.applied);
    if let Some(change) = watch.try_next().await? {
        println!("{:?} {}: {}", change.kind, change.id, change.reason);
    }

    let unlocked = results.unlock("tutorial", ["burst-1"]).force().await?;
    println!("unlocked: {}", unlocked.locked_count);
    Ok(())
}
