//! nginx and Caddy in front of axum, with the configurations of `examples/deployment`.

mod caddy;
mod http1;
mod http2;
mod nginx;
mod seen;
mod tls;

use std::{net::SocketAddr, path::Path, thread};

use clerk_webhooks_testbed::{Port, process::Program};
use tempfile::TempDir;

pub(crate) use self::seen::QUESTIONS;
use self::tls::{Certificate, Client};
use crate::framework::{Framework, Running};

/// With each version of HTTP that the sender may speak. Both speak HTTP/1.1 to the service.
pub(crate) const ALL: &[Framework] = &[nginx::HTTP1, nginx::HTTP2, caddy::HTTP1, caddy::HTTP2];

const NO_CHUNKS: &str = "HTTP/2 has no chunks";
const RESET: &str = "over HTTP/2 a sender that goes on cannot leave a body without its end";

/// The answers to the [`QUESTIONS`] for each of [`ALL`]. Most of the time goes into timeouts, which are awaited together.
pub(crate) fn seen() -> Vec<[String; QUESTIONS.len()]> {
    let setups = [
        (nginx::NGINX, Version::Http1),
        (nginx::NGINX, Version::Http2),
        (caddy::CADDY, Version::Http1),
        (caddy::CADDY, Version::Http2),
    ];
    thread::scope(|scope| {
        let asked = setups.map(|(proxy, version)| scope.spawn(move || seen::of(&proxy, version)));
        asked.map(|asked| asked.join().unwrap()).into()
    })
}

#[derive(Clone, Copy)]
struct Proxy {
    /// Writes its configuration, and says how to start it.
    program: fn(&Site<'_>) -> Program,
}

/// What replaces the addresses and files of a configuration.
struct Site<'a> {
    folder: &'a Path,
    port: u16,
    service: SocketAddr,
    certificate: &'a Certificate,
}

#[derive(Clone, Copy)]
enum Version {
    Http1,
    Http2,
}

impl Proxy {
    /// Starts it in front of a service. What connects to the running server speaks HTTP/1 without TLS, byte by byte as the
    /// contract's rows are written. Behind it is a client that speaks to the proxy.
    fn in_front_of(&self, service: SocketAddr, version: Version) -> Running {
        let folder = TempDir::with_prefix("testbed-proxy-").unwrap();
        let port = Port::reserve().unwrap();
        let certificate = Certificate::new(folder.path());
        let program = (self.program)(&Site {
            folder: folder.path(),
            port: port.number(),
            service,
            certificate: &certificate,
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let process = runtime.unwrap().block_on(program.on(port).serve()).unwrap();
        let client = match version {
            Version::Http1 => {
                http1::client(Client::new(process.address(), &certificate, b"http/1.1"))
            }
            Version::Http2 => http2::client(Client::new(process.address(), &certificate, b"h2")),
        };
        Running::until_dropped(client.address, (process, folder))
    }
}

/// The configuration with other addresses and files, each of which it must have.
fn filled_in(configuration: &str, replacements: &[(&str, &str)]) -> String {
    let mut text = configuration.to_owned();
    for (written, instead) in replacements {
        assert!(text.contains(written), "no {written:?} in:\n{text}");
        text = text.replace(written, instead);
    }
    text
}
