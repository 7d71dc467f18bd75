//! The quickstart as a newcomer runs it, with every kind of environment.

use std::{
    env,
    net::TcpListener,
    path::PathBuf,
    process::{Command, Output},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn quickstart(variables: &[(&str, &str)]) -> Output {
    // Examples are built beside the tests: target/debug/deps/.. -> target/debug/examples/.
    let mut program: PathBuf = env::current_exe().unwrap();
    program.pop();
    program.set_file_name("examples");
    program.push(format!("quickstart{}", env::consts::EXE_SUFFIX));
    Command::new(&program)
        .arg("--once")
        .env_remove("CLERK_WEBHOOK_SIGNING_SECRET")
        .env_remove("CLERK_WEBHOOK_SECRET")
        .env_remove("PORT")
        .envs(variables.iter().copied())
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}; build it: cargo build --examples",
                program.display()
            )
        })
}

#[track_caller]
fn assert_demonstrates(variables: &[(&str, &str)], secret: &str) {
    let output = quickstart(variables);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(printed.contains(secret), "{printed}");
    let count = |verdict: &str| {
        printed
            .lines()
            .filter(|line| line.contains(verdict))
            .count()
    };
    assert_eq!(
        (count(" accepted"), count(" refused ")),
        (1, 2),
        "{printed}"
    );
    assert!(
        !printed.contains('\x1b'),
        "coloured though it is no terminal: {printed:?}"
    );
    assert!(
        !printed.contains("whsec_"),
        "a secret is printed: {printed}"
    );
}

#[track_caller]
fn assert_fails(variables: &[(&str, &str)], says: &str) {
    let output = quickstart(variables);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(says), "{said}");
    assert!(!said.contains(&SECRET[6..]), "a secret is printed: {said}");
}

#[test]
fn it_demonstrates_itself_without_any_variable() {
    assert_demonstrates(&[], "a development secret");
}

#[test]
fn it_takes_the_secret_from_either_variable() {
    assert_demonstrates(
        &[("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)],
        "from the environment",
    );
    assert_demonstrates(&[("CLERK_WEBHOOK_SECRET", SECRET)], "from the environment");
    let two = format!("{SECRET}, whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    assert_demonstrates(&[("CLERK_WEBHOOK_SECRET", &two)], "from the environment");
}

#[test]
fn a_wrong_secret_ends_it_with_a_message_that_names_the_variable() {
    let name = "CLERK_WEBHOOK_SIGNING_SECRET";
    for (value, says) in [
        ("", "CLERK_WEBHOOK_SIGNING_SECRET is empty"),
        (" , ", "CLERK_WEBHOOK_SIGNING_SECRET is empty"),
        ("sk_test_abc", "is a Clerk API key"),
        (&SECRET[6..], "does not start with `whsec_`"),
        (&format!("'{SECRET}'"), "quotation marks"),
    ] {
        assert_fails(&[(name, value), ("CLERK_WEBHOOK_SECRET", SECRET)], says);
    }
}

#[test]
fn a_port_that_is_taken_or_none_ends_it_with_a_message() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_fails(&[("PORT", &port)], "set PORT to a free port");
    assert_fails(&[("PORT", "http")], "PORT is not a port number");
}
