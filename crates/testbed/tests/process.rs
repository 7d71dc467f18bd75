//! Processes are started, killed and started again; what they print is kept.

use std::{path::Path, time::Duration};

use clerk_webhooks_testbed::process::Program;
use tokio::time::sleep;

/// Prints what `PORT` and `COLOUR` hold, and stays.
const PRINTS_AND_STAYS: &str = "echo started on $PORT in $COLOUR; exec sleep 600";

fn shell(script: &str) -> Program {
    Program::new("/bin/sh").arg("-c").arg(script)
}

#[tokio::test]
async fn a_process_starts_again_with_the_same_port_and_environment() {
    let mut process = shell(PRINTS_AND_STAYS)
        .env("COLOUR", "green")
        .start()
        .unwrap();
    let line = format!("started on {} in green\n", process.address().port());
    while process.printed().unwrap() != line {
        sleep(Duration::from_millis(5)).await;
    }
    let first = process.id();
    process.kill().unwrap();
    assert_eq!(process.id(), None);
    process.start_again().unwrap();
    while process.printed().unwrap() != line.repeat(2) {
        sleep(Duration::from_millis(5)).await;
    }
    assert_ne!(process.id(), first);
}

#[tokio::test]
async fn a_server_that_ends_at_once_is_an_error_with_what_it_printed() {
    let error = shell("echo there is no database; exit 1")
        .serve()
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("/bin/sh does not accept connections"),
        "{text}"
    );
    assert!(text.ends_with("there is no database\n"), "{text}");
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_an_error_with_its_path() {
    let error = Program::new("/no/such/program").start().unwrap_err();
    assert!(error.to_string().starts_with("/no/such/program"), "{error}");
}

#[test]
fn a_dropped_process_is_gone() {
    let process = shell(PRINTS_AND_STAYS).start().unwrap();
    let id = process.id().unwrap();
    drop(process);
    assert!(!Path::new(&format!("/proc/{id}/exe")).exists());
}
