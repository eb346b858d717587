//! Generates the messages and the stub from the proto files.

use std::error::Error;
use std::path::{Path, PathBuf};

const FILES: [&str; 2] = ["workflow_results/v1/results.proto", "workflow_results/v1/errors.proto"];

/// The folder of the proto files: inside a published crate, or in the repository where links are not checked out.
fn folder() -> PathBuf {
    let inside = Path::new("proto");
    if inside.is_dir() {
        inside.into()
    } else {
        Path::new("../../proto").into()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = folder();
    for file in FILES {
        println!("cargo:rerun-if-changed={}", folder.join(file).display());
    }
    let files = protox::compile(FILES, [folder])?;
    tonic_prost_build::configure().build_server(false).bytes(".").compile_fds(files)?;
    Ok(())
}
