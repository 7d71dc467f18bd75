//! nginx.

use std::fs;

use clerk_webhooks_testbed::process::Program;

use super::{Proxy, Site, Version, filled_in};
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

pub(super) const HTTP1: Framework = Framework {
    name: "nginx HTTP/1.1",
    start: |handler| NGINX.in_front_of((AXUM.start)(handler).address, Version::Http1),
    exceptions: &[],
};

pub(super) const HTTP2: Framework = Framework {
    name: "nginx HTTP/2",
    start: |handler| NGINX.in_front_of((AXUM.start)(handler).address, Version::Http2),
    exceptions: &[],
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
