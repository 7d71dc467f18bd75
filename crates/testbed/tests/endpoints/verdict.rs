//! What a framework makes of the contract.

use std::net::SocketAddr;

use crate::{
    framework::{
        Exception, Framework, Handler, Instead, NOT_UTF8, Running, SEVERAL_LINES, WITHHELD,
    },
    request::genuine,
    row::{Row, sent},
    rows,
};

/// Played after each row: the server goes on, and the row's runs are over.
const GOES_ON: Row = sent("", genuine, "200 user.created msg_1 current", 1);

pub(crate) struct Verdict {
    pub(crate) framework: &'static Framework,
    server: Running,
    pub(crate) handler: Handler,
    /// Rows that ended as the contract, or the framework's exception, says.
    pub(crate) kept: usize,
    /// How often the handler ran for the mutated deliveries.
    pub(crate) mutated_runs: usize,
    pub(crate) problems: Vec<String>,
}

impl Verdict {
    /// Starts the framework's server, plays all rows, and sends the mutated deliveries.
    pub(crate) fn of(framework: &'static Framework) -> Self {
        let handler = Handler::default();
        let mut verdict = Self {
            framework,
            server: (framework.start)(handler.clone()),
            handler,
            kept: 0,
            mutated_runs: 0,
            problems: Vec::new(),
        };
        for row in rows::all() {
            verdict.play(row);
        }
        for exception in framework.exceptions {
            let mut names =
                rows::all()
                    .map(|row| row.name)
                    .chain([WITHHELD, NOT_UTF8, SEVERAL_LINES]);
            if names.all(|name| name != exception.row) {
                let problem = format!("an exception for no row: {:?}", exception.row);
                verdict.problems.push(problem);
            }
        }
        verdict.mutate();
        verdict
    }

    fn play(&mut self, row: &'static Row) {
        let exception = self.framework.exception(row.name);
        let instead = exception.map(|exception| exception.instead);
        let (answers, expected_runs) = match &instead {
            Some(Instead::Impossible) => return,
            Some(Instead::Answers(answers, runs)) => (std::slice::from_ref(answers), *runs),
            Some(Instead::OneOf(answers, runs)) => (*answers, *runs),
            _ => (std::slice::from_ref(&row.answers), row.runs),
        };
        let sent = self.framework.exception(WITHHELD);
        let sent = sent.and_then(|_| row.with_body_sent());
        let before = self.handler.runs();
        let played = sent.as_ref().unwrap_or(row).play(self.server());
        let goes_on = GOES_ON.play(self.server());
        let runs = self.handler.runs() - before;
        let faults = [
            (!answers.contains(&played.as_str()))
                .then(|| format!("answered {played:?}, not {answers:?}")),
            (goes_on != GOES_ON.answers).then(|| format!("afterwards {goes_on:?}")),
            (runs != expected_runs + 1).then(|| format!("{runs} runs, not {expected_runs} + 1")),
            (exception.is_some() && answers == [row.answers])
                .then(|| "an exception that says what the row says".to_owned()),
        ];
        let faults: Vec<String> = faults.into_iter().flatten().collect();
        if faults.is_empty() {
            self.kept += 1;
        } else {
            let name = self.framework.name;
            let faults = faults.join("; ");
            self.problems
                .push(format!("{name}: {}: {faults}", row.name));
        }
    }

    pub(crate) fn server(&self) -> SocketAddr {
        self.server.address
    }

    /// One line for the framework, and one for each exception.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Framework {
            name, exceptions, ..
        } = self.framework;
        let line = format!(
            "{name}: {} of {} rows kept, {} exceptions; of the mutated deliveries the handler got {}",
            self.kept,
            rows::all().count(),
            exceptions.len(),
            self.mutated_runs,
        );
        let exceptions = exceptions.iter().map(Exception::line);
        [line].into_iter().chain(exceptions).collect()
    }
}

impl Framework {
    pub(crate) fn exception(&self, row: &str) -> Option<&'static Exception> {
        let mut exceptions = self.exceptions.iter();
        exceptions.find(|exception| exception.row == row)
    }
}
