//! nginx.

use std::fs;

use clerk_webhooks_testbed::process::Program;

use super::{NO_CHUNKS, Proxy, RESET, Site, Version, filled_in};
use crate::{
    framework::{Exception, Framework, Instead, WITHHELD},
    frameworks::AXUM,
};

const CONFIGURATION: &str = include_str!("../../../../../examples/deployment/nginx.conf");

/// What Debian's /etc/nginx/nginx.conf does, for one process without root.
const AROUND_IT: &str = "
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path bodies;
    proxy_temp_path answers;
    fastcgi_temp_path unused;
    scgi_temp_path unused;
    uwsgi_temp_path unused;
    include site.conf;
}
";

pub(super) const NGINX: Proxy = Proxy { program };

const READS_FIRST: &str = "nginx reads the whole body before it passes the request on";
const WAITS: &str = "nginx waits 5 s for the rest of the body";
const OWN_LIMIT: &str = "nginx applies `client_max_body_size` itself, before it reads the body";
const INVITES: &str = "nginx invites every body, and waits 5 s for it";
const NO_INVITATION: &str =
    "over HTTP/2 nginx never sends `100 Continue`; this sender waits for it";

const fn over_its_limit(row: &'static str) -> Exception {
    Exception {
        row,
        instead: Instead::Answers("413 with a page of the proxy", 0),
        reason: OWN_LIMIT,
    }
}

const BODY_WITHHELD: Exception = Exception {
    row: WITHHELD,
    instead: Instead::Sent,
    reason: READS_FIRST,
};
const NO_HEADER_TOO_LONG: Exception =
    over_its_limit("no webhook header, and too long a body declared");
const TOO_LONG: Exception = over_its_limit("one byte over the default limit declared");
const FAR_TOO_LONG: Exception = over_its_limit("10^14 bytes declared");
const EXPECT_TOO_LONG: Exception =
    over_its_limit("`Expect: 100-continue`, one byte over the limit declared");
const TOO_LONG_CHUNKED: Exception = over_its_limit("over the default limit, chunked");
const DELIVERY_INSIDE: Exception = Exception {
    row: "a delivery inside a body that is refused unread",
    instead: Instead::Answers("413 with a page of the proxy, then closed", 0),
    reason: OWN_LIMIT,
};
const OVER_1_KIB: Exception = Exception {
    row: "one byte over a limit of 1 KiB declared",
    instead: Instead::Answers("closed", 0),
    reason: WAITS,
};

pub(super) const HTTP1: Framework = Framework {
    name: "nginx HTTP/1.1",
    start: |handler| NGINX.in_front_of((AXUM.start)(handler).address, Version::Http1),
    exceptions: &[
        BODY_WITHHELD,
        NO_HEADER_TOO_LONG,
        TOO_LONG,
        FAR_TOO_LONG,
        EXPECT_TOO_LONG,
        TOO_LONG_CHUNKED,
        DELIVERY_INSIDE,
        OVER_1_KIB,
        Exception {
            row: "`Expect: 100-continue`, no webhook header",
            instead: Instead::Answers("100, then closed", 0),
            reason: INVITES,
        },
        Exception {
            row: "`Expect: 100-continue`, stale",
            instead: Instead::Answers("100, then closed", 0),
            reason: INVITES,
        },
        Exception {
            row: "the sender ends midway and reads on",
            instead: Instead::Answers("closed", 0),
            reason: "nginx answers nobody who has gone",
        },
        Exception {
            row: "a malformed chunk",
            instead: Instead::Answers("400 with a page of the proxy", 0),
            reason: "nginx reads chunks itself",
        },
    ],
};

pub(super) const HTTP2: Framework = Framework {
    name: "nginx HTTP/2",
    start: |handler| NGINX.in_front_of((AXUM.start)(handler).address, Version::Http2),
    exceptions: &[
        BODY_WITHHELD,
        NO_HEADER_TOO_LONG,
        TOO_LONG,
        FAR_TOO_LONG,
        EXPECT_TOO_LONG,
        TOO_LONG_CHUNKED,
        DELIVERY_INSIDE,
        OVER_1_KIB,
        Exception {
            row: "`Expect: 100-continue`, no webhook header",
            instead: Instead::Answers("closed", 0),
            reason: NO_INVITATION,
        },
        Exception {
            row: "`Expect: 100-continue`, stale",
            instead: Instead::Answers("closed", 0),
            reason: NO_INVITATION,
        },
        Exception {
            row: "`Expect: 100-continue`, genuine",
            instead: Instead::Answers("closed, then closed", 0),
            reason: NO_INVITATION,
        },
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
    ],
};

fn program(site: &Site<'_>) -> Program {
    let listen = format!("listen 127.0.0.1:{} ", site.port);
    let text = filled_in(
        CONFIGURATION,
        &[
            ("listen 443 ", &listen),
            ("127.0.0.1:3000", &site.service.to_string()),
            ("server_name webhooks.example.com", "server_name localhost"),
            (
                "/etc/ssl/certs/webhooks.example.com.pem",
                site.certificate.file.to_str().unwrap(),
            ),
            (
                "/etc/ssl/private/webhooks.example.com.key",
                site.certificate.key.to_str().unwrap(),
            ),
        ],
    );
    fs::write(site.folder.join("site.conf"), text).unwrap();
    fs::write(site.folder.join("nginx.conf"), AROUND_IT).unwrap();
    Program::new("nginx")
        .arg("-p")
        .arg(site.folder)
        .arg("-c")
        .arg("nginx.conf")
        .arg("-e")
        .arg("stderr")
}
