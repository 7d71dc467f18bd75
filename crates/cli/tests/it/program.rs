//! Runs the program.

use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use crate::common::SECRET;

/// The program, in the folder of captures, without secrets in its environment.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clerk-webhooks"));
    command
        .current_dir(captures())
        .env_remove("CLERK_WEBHOOK_SIGNING_SECRET")
        .env_remove("CLERK_WEBHOOK_SECRET")
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null());
    command
}

pub(crate) fn captures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

/// Runs it with the secret in its environment.
pub(crate) fn run(args: &[&str]) -> Output {
    program()
        .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
        .args(args)
        .output()
        .unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
