//! The command `listen`, running.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use clerk_webhooks::testing::SignedRequest;
use serde_json::Value;

use crate::{
    common::SECRET,
    http::{Answer, request},
    program::program,
};

pub(crate) struct Listener {
    child: Option<Child>,
    lines: Receiver<String>,
    pub(crate) url: String,
    pub(crate) page: String,
}

impl Listener {
    /// On free ports, with the page, printing JSON.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = program()
            .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
            .args([
                "--json",
                "listen",
                "--bind",
                "127.0.0.1:0",
                "--ui",
                "--ui-port",
                "0",
            ])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines() {
                let Ok(()) = sender.send(line.unwrap()) else {
                    return;
                };
            }
        });
        let mut listener = Self {
            child: Some(child),
            lines,
            url: String::new(),
            page: String::new(),
        };
        let ready = listener.line();
        assert_eq!(ready["type"], "ready", "{ready}");
        listener.url = ready["url"].as_str().unwrap().to_owned();
        listener.page = ready["ui"].as_str().unwrap().to_owned();
        listener
    }

    /// The next line.
    #[track_caller]
    pub(crate) fn line(&self) -> Value {
        let line = self.lines.recv_timeout(Duration::from_secs(20));
        serde_json::from_str(&line.expect("a line within 20 s")).unwrap()
    }

    #[track_caller]
    pub(crate) fn send(&self, delivery: &SignedRequest) -> Answer {
        let headers = delivery.header_pairs();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        request(&self.url, "POST", "/any/path", &headers, delivery.body())
    }

    /// A request of the page.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        request(&self.page, "GET", path, &[], b"")
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let page = self.get("/").text();
        let token = page.split("name=\"token\" content=\"").nth(1).unwrap();
        let token = token.split('"').next().unwrap();
        request(
            &self.page,
            "POST",
            path,
            &[("x-token", token)],
            body.to_string().as_bytes(),
        )
    }

    /// Ends it with Ctrl-C.
    pub(crate) fn interrupt(mut self) -> Output {
        let child = self.child.take().unwrap();
        let kill = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        child.wait_with_output().unwrap()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
