//! What speaks enough of Redis' protocol to be connected to, and answers all else with one line.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// What it answers to a command that is not part of a handshake.
#[derive(Clone)]
pub(crate) enum Answer {
    Line(&'static str),
    Silence,
    HangUp,
}

/// Starts it on a free port and returns its URL; it lives as long as the test's runtime.
pub(crate) async fn start(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move { serve(stream, &answer).await });
        }
    });
    url
}

/// A URL at which no one listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("redis://{}", listener.local_addr().unwrap())
}

async fn serve(stream: TcpStream, answer: &Answer) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let command = read_command(&mut stream).await?;
        match (command.as_str(), answer) {
            ("HELLO", _) => stream.write_all(b"%1\r\n+proto\r\n:3\r\n").await?,
            ("CLIENT", _) => stream.write_all(b"+OK\r\n").await?,
            (_, Answer::Line(line)) => stream.write_all(format!("{line}\r\n").as_bytes()).await?,
            (_, Answer::Silence) => {}
            (_, Answer::HangUp) => return Ok(()),
        }
    }
}

/// Reads `*2\r\n$6\r\nCLIENT\r\n...` and returns the first word.
async fn read_command(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut first = None;
    for _ in 0..read_number(stream).await? {
        let mut word = vec![0; read_number(stream).await? + 2];
        stream.read_exact(&mut word).await?;
        word.truncate(word.len() - 2);
        first.get_or_insert(word);
    }
    let first = first.ok_or(io::ErrorKind::InvalidData)?;
    Ok(String::from_utf8_lossy(&first).into_owned())
}

async fn read_number(stream: &mut BufReader<TcpStream>) -> io::Result<usize> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let digits = line.trim_start_matches(['*', '$']).trim_end();
    digits
        .parse()
        .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
}
