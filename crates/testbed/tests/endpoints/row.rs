//! A row of the contract: what is sent, and how it must end.

use std::{net::SocketAddr, time::Duration};

use crate::{request::Request, wire::Connection};

/// Long enough for an answer that comes too early, also on a loaded machine. A row that waits for silence
/// can only pass wrongly, never fail wrongly.
const SILENCE: Duration = Duration::from_millis(100);

pub(crate) struct Row {
    /// What is special about the request.
    pub(crate) name: &'static str,
    pub(crate) script: Script,
    /// The answers on the connection, joined by `, then `.
    pub(crate) answers: &'static str,
    /// How often the handler runs.
    pub(crate) runs: usize,
}

pub(crate) enum Script {
    /// Head and body are sent.
    Sent(fn() -> Request),
    /// Only the head is sent: the answer proves that the body is not read.
    Withheld(fn() -> Request),
    /// How the body is sent, in words, and what happens.
    Steps(&'static str, fn() -> Vec<Step>),
}

pub(crate) enum Step {
    Send(Vec<u8>),
    /// Wait for the next answer.
    Answer,
    /// Wait for the next answer that is not `100 Continue`; all of them count.
    FinalAnswer,
    /// For a while there must be no answer.
    Silence,
    /// Send no more. The answer can still be read.
    Finish,
}

/// A row whose body is sent.
pub(crate) const fn sent(
    name: &'static str,
    request: fn() -> Request,
    answers: &'static str,
    runs: usize,
) -> Row {
    Row {
        name,
        script: Script::Sent(request),
        answers,
        runs,
    }
}

/// A row whose body is never sent. No handler can run.
pub(crate) const fn withheld(
    name: &'static str,
    request: fn() -> Request,
    answers: &'static str,
) -> Row {
    Row {
        name,
        script: Script::Withheld(request),
        answers,
        runs: 0,
    }
}

pub(crate) const fn steps(
    name: &'static str,
    body: &'static str,
    steps: fn() -> Vec<Step>,
    answers: &'static str,
    runs: usize,
) -> Row {
    Row {
        name,
        script: Script::Steps(body, steps),
        answers,
        runs,
    }
}

impl Row {
    /// How the body is sent, in words.
    pub(crate) fn body(&self) -> &'static str {
        match self.script {
            Script::Sent(_) => "sent",
            Script::Withheld(_) => "withheld",
            Script::Steps(body, _) => body,
        }
    }

    /// The same request, if the row withholds its body, with the body sent.
    pub(crate) fn with_body_sent(&self) -> Option<Self> {
        match self.script {
            Script::Withheld(request) => Some(sent(self.name, request, self.answers, self.runs)),
            _ => None,
        }
    }

    /// Plays the row on a connection of its own; the answers as [`answers`](Self::answers) writes them.
    pub(crate) fn play(&self, server: SocketAddr) -> String {
        let mut connection = Connection::open(server);
        let mut answers = Vec::new();
        for step in self.steps() {
            match step {
                Step::Send(bytes) => connection.send(bytes),
                Step::Finish => connection.finish_sending(),
                Step::Silence if connection.is_silent_for(SILENCE) => {}
                Step::Silence => answers.push("an answer too early".to_owned()),
                Step::Answer => answers.push(next_answer(&mut connection)),
                Step::FinalAnswer => loop {
                    answers.push(next_answer(&mut connection));
                    if answers.last().is_none_or(|answer| answer != "100") {
                        break;
                    }
                },
            }
        }
        if answers.is_empty() {
            "none".to_owned()
        } else {
            answers.join(", then ")
        }
    }

    fn steps(&self) -> Vec<Step> {
        match self.script {
            Script::Sent(request) => vec![Step::Send(request().whole()), Step::Answer],
            Script::Withheld(request) => vec![Step::Send(request().head()), Step::Answer],
            Script::Steps(_, steps) => steps(),
        }
    }
}

fn next_answer(connection: &mut Connection) -> String {
    let answer = connection.answer();
    answer.map_or("closed".to_owned(), |answer| answer.to_string())
}
