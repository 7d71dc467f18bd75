//! A browser without a screen, driven over `WebDriver`.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::http::request;

/// The key that `WebDriver` uses for the reference of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One browser at a time: two are slow enough to fail on a small machine.
static TURN: Mutex<()> = Mutex::new(());

/// Starts the driver on a free port. `None` if it ends at once.
fn start(program: &str) -> Option<(Child, String)> {
    let mut driver = Command::new(program)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; install Debian's chromium-driver"));
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let server = lines.find_map(|line| {
        let line = line.unwrap();
        let port = line.split("started successfully on port ").nth(1)?;
        Some(format!("http://127.0.0.1:{}", port.trim_end_matches('.')))
    });
    std::thread::spawn(move || lines.for_each(drop));
    if server.is_none() {
        driver.wait().unwrap();
    }
    Some((driver, server?))
}

pub(crate) struct Browser {
    _turn: MutexGuard<'static, ()>,
    driver: Child,
    server: String,
    session: String,
}

impl Browser {
    /// Starts the driver that `CLERK_WEBHOOKS_CHROMEDRIVER` names, or otherwise `chromedriver`.
    pub(crate) fn start(width: u32, height: u32) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let program = env::var("CLERK_WEBHOOKS_CHROMEDRIVER");
        let program = program.unwrap_or_else(|_| "chromedriver".to_owned());
        // A port that it takes for free may be taken.
        let started = (0..10).find_map(|_| start(&program));
        let (driver, server) = started.expect("chromedriver names its port");
        let size = format!("--window-size={width},{height}");
        // Without a sandbox: CI runs as root, and the only page is ours.
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--hide-scrollbars",
            &size,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": args } } } });
        let mut browser = Self {
            _turn: turn,
            driver,
            server,
            session: String::new(),
        };
        let made = browser.call("POST", "/session", &wanted);
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        browser.emulate(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
        browser
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("{}{path}", self.session);
        let content_type = ("content-type", "application/json");
        let answer = request(
            &self.server,
            method,
            &path,
            &[content_type],
            body.to_string().as_bytes(),
        );
        let value = answer.json()["value"].take();
        assert_eq!(answer.status, 200, "{path}: {value}");
        value
    }

    #[track_caller]
    pub(crate) fn open(&self, url: &str) {
        self.call("POST", "/url", &json!({ "url": url }));
    }

    /// What the expression is in the page.
    #[track_caller]
    pub(crate) fn eval(&self, expression: &str) -> Value {
        let script = json!({ "script": format!("return ({expression})"), "args": [] });
        self.call("POST", "/execute/sync", &script)
    }

    #[track_caller]
    pub(crate) fn text(&self, css: &str) -> String {
        let text = self.eval(&format!("document.querySelector({css:?})?.innerText ?? ''"));
        text.as_str().unwrap().to_owned()
    }

    /// Waits until the expression is true, and says how long that took.
    #[track_caller]
    pub(crate) fn wait(&self, expression: &str) -> Duration {
        let started = Instant::now();
        while self.eval(expression) != json!(true) {
            let page = || self.eval("document.body.innerText");
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "not within 10 s: {expression}\n{}",
                page()
            );
            sleep(Duration::from_millis(20));
        }
        started.elapsed()
    }

    /// Clicks as a person does: it fails if something covers the element.
    #[track_caller]
    pub(crate) fn click(&self, css: &str) {
        let found = self.call(
            "POST",
            "/element",
            &json!({ "using": "css selector", "value": css }),
        );
        let id = found[ELEMENT].as_str().unwrap();
        self.call("POST", &format!("/element/{id}/click"), &json!({}));
    }

    /// Presses the keys, one after the other.
    #[track_caller]
    pub(crate) fn press(&self, keys: &str) {
        let key = |key: char| {
            [
                json!({ "type": "keyDown", "value": key }),
                json!({ "type": "keyUp", "value": key }),
            ]
        };
        let actions: Vec<_> = keys.chars().flat_map(key).collect();
        self.call(
            "POST",
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] }),
        );
    }

    /// A command of the developer tools.
    #[track_caller]
    pub(crate) fn emulate(&self, command: &str, params: &Value) {
        self.call(
            "POST",
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": params }),
        );
    }

    #[track_caller]
    pub(crate) fn screenshot(&self) -> Vec<u8> {
        let png = self.call("GET", "/screenshot", &json!({}));
        BASE64_STANDARD.decode(png.as_str().unwrap()).unwrap()
    }

    /// What the browser's console says.
    #[track_caller]
    pub(crate) fn console(&self) -> String {
        self.call("POST", "/se/log", &json!({ "type": "browser" }))
            .to_string()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            request(&self.server, "DELETE", &self.session, &[], b"");
        }
        self.driver.kill().unwrap();
        self.driver.wait().unwrap();
    }
}
