//! What the examples need to show themselves: a secret for one run, and a sender over real HTTP.

#![allow(
    dead_code,
    reason = "each example is a crate of its own and uses a part of this"
)]

pub(crate) mod demonstration;

use std::{
    collections::hash_map::RandomState,
    env,
    error::Error,
    hash::BuildHasher as _,
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    str::FromStr,
};

use clerk_webhooks::{SecretError, SigningSecret, testing::SignedRequest};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// How a program ends: an error goes to standard error, behind the program's name.
pub(crate) fn report(program: &str, ended: Result<(), Box<dyn Error>>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The argument `--once`: end after the demonstration instead of serving on.
pub(crate) fn once() -> bool {
    env::args().any(|argument| argument == "--once")
}

/// Listens on 127.0.0.1 unless `BIND_ADDRESS` names another address, on the port that `PORT` names; else on any free one
/// for a demonstration, on 3000 to stay.
pub(crate) async fn listen(once: bool) -> Result<TcpListener, String> {
    let address = variable("BIND_ADDRESS", "an IP address", Ipv4Addr::LOCALHOST.into())?;
    let port = variable("PORT", "a port number", if once { 0 } else { 3000 })?;
    let address = SocketAddr::new(address, port);
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address} ({error}); set PORT to a free port"))
}

fn variable<T: FromStr>(name: &str, kind: &str, default: T) -> Result<T, String> {
    match env::var(name) {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("{name} is not {kind}: {text:?}")),
        Err(_) => Ok(default),
    }
}

/// A secret that nobody else knows: 48 bytes out of the standard library's random seeds. Hex digits are
/// base64 digits too.
pub(crate) fn throw_away_secret() -> Result<SigningSecret, SecretError> {
    let digits: String = (0..4)
        .map(|place| format!("{:016x}", RandomState::new().hash_one(place)))
        .collect();
    SigningSecret::parse(&format!("whsec_{digits}"))
}

/// Sends a delivery over a connection of its own.
pub(crate) async fn deliver(
    address: SocketAddr,
    path: &str,
    delivery: &SignedRequest,
) -> Result<Answer, Box<dyn Error>> {
    let mut headers = String::new();
    for (name, value) in &delivery.headers() {
        headers += &format!("{name}: {}\r\n", value.to_str()?);
    }
    let body = str::from_utf8(delivery.body())?;
    request(address, "POST", path, &headers, body).await
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find_map(|(candidate, value)| (candidate == name).then_some(value))
    }
}

pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Result<Answer, Box<dyn Error>> {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-length: {length}\r\n{headers}\r\n{body}",
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    Ok(Answer {
        status: head.split(' ').nth(1).ok_or("no status")?.parse()?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}
