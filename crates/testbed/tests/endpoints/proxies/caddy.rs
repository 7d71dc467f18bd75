//! Caddy.

use std::fs;

use clerk_webhooks_testbed::process::Program;

use super::{NO_CHUNKS, Proxy, RESET, Site, Version, filled_in};
use crate::{
    framework::{Exception, Framework, Instead},
    frameworks::AXUM,
};

const CONFIGURATION: &str = include_str!("../../../../../examples/deployment/Caddyfile");

pub(super) const CADDY: Proxy = Proxy { program };

const INVITES: &str =
    "Caddy invites the body when it passes the request on, unless the service has answered by then";

const CLOSED: &str =
    "the service closes a connection whose body is too long, and Caddy may still be sending it";

const EXPECT_NO_HEADER: Exception = Exception {
    row: "`Expect: 100-continue`, no webhook header",
    instead: Instead::OneOf(
        &[
            "100, then 400 missing webhook header",
            "400 missing webhook header",
        ],
        0,
    ),
    reason: INVITES,
};
const EXPECT_STALE: Exception = Exception {
    row: "`Expect: 100-continue`, stale",
    instead: Instead::OneOf(
        &[
            "100, then 400 timestamp out of tolerance",
            "400 timestamp out of tolerance",
        ],
        0,
    ),
    reason: INVITES,
};
const EXPECT_TOO_LONG: Exception = Exception {
    row: "`Expect: 100-continue`, one byte over the limit declared",
    instead: Instead::OneOf(&["100, then 413 body too large", "413 body too large"], 0),
    reason: INVITES,
};
const TOO_LONG_CHUNKED: Exception = Exception {
    row: "over the default limit, chunked",
    instead: Instead::OneOf(&["413 body too large", "502"], 0),
    reason: CLOSED,
};

pub(super) const HTTP1: Framework = Framework {
    name: "Caddy HTTP/1.1",
    start: |handler| CADDY.in_front_of((AXUM.start)(handler).address, Version::Http1),
    exceptions: &[
        EXPECT_NO_HEADER,
        EXPECT_STALE,
        EXPECT_TOO_LONG,
        Exception {
            row: "`Expect: 100-continue`, genuine",
            instead: Instead::OneOf(
                &[
                    "100, then 100, then 200 user.created msg_1 current",
                    "100, then 200 user.created msg_1 current",
                ],
                1,
            ),
            reason: "Caddy invites the body, and passes on the service's invitation",
        },
        Exception {
            row: "the sender ends midway and reads on",
            instead: Instead::Answers("200", 0),
            reason: "Caddy takes the sender for gone: the service gets no whole body, and nobody its refusal",
        },
        Exception {
            row: "a malformed chunk",
            instead: Instead::Answers("502", 0),
            reason: "Caddy reads chunks itself",
        },
        TOO_LONG_CHUNKED,
    ],
};

pub(super) const HTTP2: Framework = Framework {
    name: "Caddy HTTP/2",
    start: |handler| CADDY.in_front_of((AXUM.start)(handler).address, Version::Http2),
    exceptions: &[
        EXPECT_NO_HEADER,
        EXPECT_STALE,
        EXPECT_TOO_LONG,
        Exception {
            row: "the sender ends midway and reads on",
            instead: Instead::Impossible,
            reason: RESET,
        },
        Exception {
            row: "a malformed chunk",
            instead: Instead::Impossible,
            reason: NO_CHUNKS,
        },
        TOO_LONG_CHUNKED,
    ],
};

fn program(site: &Site<'_>) -> Program {
    let Site {
        port, certificate, ..
    } = site;
    let (file, key) = (certificate.file.display(), certificate.key.display());
    let address = format!("https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {file} {key}");
    let text = filled_in(
        CONFIGURATION,
        &[
            ("webhooks.example.com {", &address),
            ("127.0.0.1:3000", &site.service.to_string()),
            // Neither the ports 80 and 2019 of the machine, nor HTTP/3.
            (
                "\tservers {",
                "\tadmin off\n\tauto_https disable_redirects\n\tservers {\n\t\tprotocols h1 h2",
            ),
        ],
    );
    let path = site.folder.join("Caddyfile");
    fs::write(&path, text).unwrap();
    Program::new("caddy")
        .arg("run")
        .arg("--adapter")
        .arg("caddyfile")
        .arg("--config")
        .arg(path)
        .env("HOME", site.folder)
        .env("XDG_CONFIG_HOME", site.folder)
        .env("XDG_DATA_HOME", site.folder)
}
