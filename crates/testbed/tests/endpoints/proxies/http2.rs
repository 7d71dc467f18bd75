//! HTTP/2 over TLS: each request of a connection is a stream of its own, and the answers are in the requests' order.

use std::{
    future::{pending, poll_fn},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bytes::{Buf as _, Bytes, BytesMut};
use clerk_webhooks_testbed::Error;
use h2::{
    SendStream,
    client::{ResponseFuture, SendRequest},
};
use http::{HeaderName, HeaderValue, Request, Response};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use super::tls::{Client, for_each_connection};
use crate::framework::Running;

pub(super) fn client(client: Client) -> Running {
    for_each_connection(move |plain| carry(plain, client.clone()))
}

/// Until the sender ends. Its streams are reset then, if they are not over.
async fn carry(plain: TcpStream, client: Client) -> Result<(), Error> {
    let (requests, connection) = h2::client::handshake(client.connect().await?).await?;
    tokio::spawn(connection);
    let (from_sender, mut to_sender) = plain.into_split();
    let (opened, streams) = unbounded_channel();
    let answering = async {
        let _: Result<(), Error> = answer(streams, &mut to_sender).await;
        to_sender.shutdown().await?;
        pending().await
    };
    tokio::select! {
        ended = pass_on(from_sender, requests, opened) => ended,
        failed = answering => failed,
    }
}

/// A stream that waits for its answer, and whether its request is complete.
type Opened = (ResponseFuture, Arc<AtomicBool>);

async fn pass_on(
    mut sender: OwnedReadHalf,
    mut requests: SendRequest<Bytes>,
    opened: UnboundedSender<Opened>,
) -> Result<(), Error> {
    let mut received = BytesMut::new();
    let mut body: Option<Body> = None;
    loop {
        if let Some(sending) = &mut body {
            if sending.pass_on(&mut received)? {
                body = None;
                continue;
            }
        } else if let Some((request, framing)) = head(&mut received)? {
            requests = requests.ready().await?;
            let is_complete = matches!(framing, Framing::Length(0));
            let (response, stream) = requests.send_request(request, is_complete)?;
            let is_sent = Arc::new(AtomicBool::new(is_complete));
            opened.send((response, is_sent.clone()))?;
            body = (!is_complete).then_some(Body {
                stream,
                framing,
                is_sent,
            });
            continue;
        }
        if sender.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
    }
}

/// A body on its way.
struct Body {
    stream: SendStream<Bytes>,
    framing: Framing,
    is_sent: Arc<AtomicBool>,
}

/// How the body arrives.
enum Framing {
    /// So many bytes are left.
    Length(usize),
    /// So many bytes are left of the chunk and its line end.
    Chunk { left: usize, is_last: bool },
    /// A chunk's size is next.
    BetweenChunks,
}

const LINE_END: usize = 2;

impl Body {
    /// Sends what has arrived, and returns whether the body is over.
    fn pass_on(&mut self, received: &mut BytesMut) -> Result<bool, Error> {
        loop {
            match &mut self.framing {
                Framing::Length(left) => {
                    let part = received.split_to(received.len().min(*left));
                    *left -= part.len();
                    let is_over = *left == 0;
                    if !part.is_empty() {
                        self.send(part, is_over);
                    }
                    return Ok(is_over);
                }
                Framing::Chunk { left, .. } if *left > LINE_END => {
                    let part = received.split_to(received.len().min(*left - LINE_END));
                    if part.is_empty() {
                        return Ok(false);
                    }
                    *left -= part.len();
                    self.send(part, false);
                }
                Framing::Chunk { is_last, .. } => {
                    if received.len() < LINE_END {
                        return Ok(false);
                    }
                    received.advance(LINE_END);
                    if *is_last {
                        self.send(BytesMut::new(), true);
                        return Ok(true);
                    }
                    self.framing = Framing::BetweenChunks;
                }
                Framing::BetweenChunks => match httparse::parse_chunk_size(received) {
                    Ok(httparse::Status::Complete((start, size))) => {
                        received.advance(start);
                        self.framing = Framing::Chunk {
                            left: usize::try_from(size)? + LINE_END,
                            is_last: size == 0,
                        };
                    }
                    Ok(httparse::Status::Partial) => return Ok(false),
                    Err(_) => return Err("not a chunk's size".into()),
                },
            }
        }
    }

    /// A stream that was answered early may be over: its body goes nowhere then.
    fn send(&mut self, part: BytesMut, is_over: bool) {
        let _: Result<(), h2::Error> = self.stream.send_data(part.freeze(), is_over);
        if is_over {
            self.is_sent.store(true, Relaxed);
        }
    }
}

/// The next request, if its head is complete.
fn head(received: &mut BytesMut) -> Result<Option<(Request<()>, Framing)>, Error> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = parsed.parse(received)? else {
        return Ok(None);
    };
    let mut request = Request::builder()
        .method(parsed.method.unwrap_or_default())
        .uri(format!(
            "https://localhost{}",
            parsed.path.unwrap_or_default()
        ))
        .version(http::Version::HTTP_2);
    let mut framing = Framing::Length(0);
    for header in parsed.headers.iter() {
        match header.name.to_ascii_lowercase().as_str() {
            "host" => continue,
            "transfer-encoding" => {
                framing = Framing::BetweenChunks;
                continue;
            }
            "content-length" => framing = Framing::Length(str::from_utf8(header.value)?.parse()?),
            _ => {}
        }
        // Also turns the names into lower case, which HTTP/2 demands.
        let name = HeaderName::from_bytes(header.name.as_bytes())?;
        request = request.header(name, HeaderValue::from_bytes(header.value)?);
    }
    let request = request.body(())?;
    received.advance(length);
    Ok(Some((request, framing)))
}

/// Until an answer comes before its request is complete: over HTTP/1 the connection would be closed too.
async fn answer(
    mut streams: UnboundedReceiver<Opened>,
    sender: &mut OwnedWriteHalf,
) -> Result<(), Error> {
    while let Some((mut response, is_sent)) = streams.recv().await {
        while let Some(early) = poll_fn(|context| response.poll_informational(context)).await {
            sender.write_all(&lines(&early?)).await?;
        }
        let (mut head, mut body) = response.await?.into_parts();
        let mut text = Vec::new();
        while let Some(part) = body.data().await {
            let part = part?;
            body.flow_control().release_capacity(part.len())?;
            text.extend_from_slice(&part);
        }
        head.headers.insert("content-length", text.len().into());
        let head = lines(&Response::from_parts(head, ()));
        sender.write_all(&[head, text].concat()).await?;
        if !is_sent.load(Relaxed) {
            break;
        }
    }
    Ok(())
}

/// The head of an answer as HTTP/1 writes it.
fn lines(head: &Response<()>) -> Vec<u8> {
    let mut lines = format!("HTTP/1.1 {} -\r\n", head.status().as_u16()).into_bytes();
    for (name, value) in head.headers() {
        lines.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    lines.extend(b"\r\n");
    lines
}
