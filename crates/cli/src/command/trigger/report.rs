//! What was answered.

use std::time::Duration;

use serde::Serialize;

use super::plan::Planned;
use crate::{
    attempt::{Attempt, milliseconds},
    failure::{Ending, Failure},
    output::{Output, escaped},
    progress::Progress,
};

/// From so many on, only answers that are not as they should be have a line of their own.
const MANY: usize = 200;

/// How much of an answer's body is shown.
const MAX_SHOWN: usize = 200;

pub(super) struct Report {
    must_be_refused: bool,
    total: usize,
    times: Vec<Duration>,
    as_expected: usize,
    unanswered: usize,
    first_error: Option<String>,
    progress: Progress,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    svix_id: &'a str,
    event_type: &'a str,
    status: Option<u16>,
    latency_ms: f64,
    as_expected: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    answer: &'a str,
}

#[derive(Serialize)]
struct Summary {
    #[serde(rename = "type")]
    kind: &'static str,
    sent: usize,
    as_expected: usize,
    unanswered: usize,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

impl Report {
    pub(super) fn new(total: usize, must_be_refused: bool) -> Self {
        Self {
            must_be_refused,
            total,
            times: Vec::with_capacity(total),
            as_expected: 0,
            unanswered: 0,
            first_error: None,
            progress: Progress::new(total, MANY),
        }
    }

    pub(super) fn add(
        &mut self,
        planned: &Planned,
        attempt: &Attempt,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let as_expected = match self.must_be_refused {
            true => attempt
                .status()
                .is_some_and(|status| (400..500).contains(&status)),
            false => attempt.is_accepted(),
        };
        self.times.push(attempt.took);
        self.as_expected += usize::from(as_expected);
        if let Err(error) = &attempt.answer {
            self.unanswered += 1;
            self.first_error.get_or_insert_with(|| error.clone());
        }
        if output.is_json() || !as_expected || self.total < MANY {
            self.progress.clear();
            print(planned, attempt, as_expected, output)?;
        }
        self.progress.show(self.times.len());
        Ok(())
    }

    pub(super) fn finish(mut self, output: &mut Output) -> Result<Ending, Failure> {
        self.progress.clear();
        self.times.sort_unstable();
        let summary = Summary {
            kind: "summary",
            sent: self.times.len(),
            as_expected: self.as_expected,
            unanswered: self.unanswered,
            p50_ms: self.percentile(50),
            p90_ms: self.percentile(90),
            p99_ms: self.percentile(99),
            max_ms: self.percentile(100),
        };
        if output.is_json() {
            output.object(&summary)?;
        } else {
            output.line(self.summary_text(&summary))?;
        }
        match self.first_error {
            Some(error) if self.unanswered == self.times.len() => Err(Failure::Network(error)),
            _ => Ok(Ending::of(self.as_expected == self.total)),
        }
    }

    fn summary_text(&self, summary: &Summary) -> String {
        let verb = if self.must_be_refused {
            "refused"
        } else {
            "accepted"
        };
        format!(
            "{} sent, {} {verb}, {} without an answer; p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
            summary.sent,
            summary.as_expected,
            summary.unanswered,
            summary.p50_ms,
            summary.p90_ms,
            summary.p99_ms,
            summary.max_ms
        )
    }

    /// Of the sorted times, in milliseconds; 0 without any.
    fn percentile(&self, percent: usize) -> f64 {
        let place = (self.times.len() * percent).div_ceil(100).saturating_sub(1);
        self.times
            .get(place)
            .map_or(0.0, |time| milliseconds(*time))
    }
}

fn print(
    planned: &Planned,
    attempt: &Attempt,
    as_expected: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let answer = answer(attempt, as_expected);
    if output.is_json() {
        let line = Line {
            kind: "sent",
            svix_id: &planned.message_id,
            event_type: &planned.event_type,
            status: attempt.status(),
            latency_ms: attempt.milliseconds(),
            as_expected,
            answer: &answer,
        };
        return Ok(output.object(&line)?);
    }
    let event_type = escaped(&planned.event_type);
    let outcome = attempt.outcome(as_expected, output);
    let line = format!(
        "{}  {event_type:<30}  {outcome}  {}",
        planned.message_id,
        escaped(answer.trim())
    );
    Ok(output.line(line.trim_end())?)
}

/// What the receiver says, unless it is what it should be; or why there is no answer.
fn answer(attempt: &Attempt, as_expected: bool) -> String {
    match &attempt.answer {
        Ok(_) if attempt.is_accepted() && as_expected => String::new(),
        Ok((_, body)) => {
            String::from_utf8_lossy(body.get(..MAX_SHOWN).unwrap_or(body)).into_owned()
        }
        Err(error) => error.clone(),
    }
}
