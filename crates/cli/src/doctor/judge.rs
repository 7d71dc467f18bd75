//! From what came back to what is wrong.

use super::{examination::Examination, fault::Fault, outcome::Outcome, probe::Probe};
use crate::output::escaped;

/// A fault, and what shows it.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) fault: Fault,
    pub(crate) evidence: String,
}

/// How much of an answer's text is shown.
const MAX_SHOWN: usize = 80;

/// The faults. If something other than the receiver answers, that alone: the rest would follow from it.
pub(crate) fn judge(seen: &Examination) -> Vec<Finding> {
    if let Some(finding) = in_front(seen) {
        return vec![finding];
    }
    let wrongly_accepted = wrongly_accepted(seen);
    let wrongly_refused = wrongly_refused(seen);
    wrongly_accepted
        .into_iter()
        .chain(wrongly_refused)
        .chain(advice(seen))
        .collect()
}

/// What keeps deliveries from the receiver.
fn in_front(seen: &Examination) -> Option<Finding> {
    let deliveries = seen.all_of(&[Probe::Genuine, Probe::Forged, Probe::Unsigned]);
    let first = *deliveries.first()?;
    let all = |is: fn(&Outcome) -> bool| deliveries.iter().all(|outcome| is(outcome));
    let fault = if seen.of(Probe::Unsigned)?.timed_out() {
        Fault::TooSlow
    } else if all(|outcome| outcome.is_status(300..400)) {
        return Some(Finding {
            fault: Fault::Redirect,
            evidence: format!(
                "{} to {}",
                shown(first),
                escaped(first.header("location").unwrap_or("nowhere"))
            ),
        });
    } else if all(|outcome| outcome.status() == Some(404)) {
        Fault::WrongPath
    } else if all(|outcome| outcome.status() == Some(405)) {
        Fault::WrongMethod
    } else if all(|outcome| outcome.body() == "webhook receiver is not set up") {
        Fault::MissingSetup
    } else if all(|outcome| outcome.is_status(502..505)) {
        Fault::BadGateway
    } else if all(|outcome| outcome.is_status(500..600)) {
        Fault::ServerError
    } else if all(Outcome::is_accepted)
        && seen.are_all(&[Probe::Get, Probe::OtherPath], Outcome::is_accepted)
    {
        Fault::AnswersEverything
    } else if all(asks_for_login) && seen.are_all(&[Probe::Get], asks_for_login) {
        Fault::AuthInFront
    } else if seen.of(Probe::Genuine).is_some()
        && all(|outcome| outcome.is_html() && !outcome.is_accepted())
    {
        Fault::HtmlInFront
    } else {
        return None;
    };
    Some(Finding {
        fault,
        evidence: shown(first),
    })
}

/// A receiver may answer a wrong signature by 401 too, but not a GET.
fn asks_for_login(outcome: &Outcome) -> bool {
    matches!(outcome.status(), Some(401 | 403 | 407))
}

fn wrongly_accepted(seen: &Examination) -> Vec<Finding> {
    let accepted = |probe| seen.of(probe).filter(|outcome| outcome.is_accepted());
    let found = |fault, outcome: &Outcome| Finding {
        fault,
        evidence: shown(outcome),
    };
    let mut findings = Vec::new();
    if let Some(forged) = accepted(Probe::Forged) {
        return vec![found(Fault::AcceptsForged, forged)];
    }
    findings.extend(accepted(Probe::Unsigned).map(|it| found(Fault::AcceptsUnsigned, it)));
    findings.extend(accepted(Probe::Stale).map(|it| found(Fault::AcceptsStale, it)));
    findings.extend(accepted(Probe::Large).map(|it| found(Fault::NoBodyLimit, it)));
    let forged = seen.of(Probe::Forged);
    let failing = forged.filter(|outcome| outcome.is_status(500..600));
    findings.extend(failing.map(|it| found(Fault::RefusesWith5xx, it)));
    findings
}

fn wrongly_refused(seen: &Examination) -> Option<Finding> {
    let (genuine, forged) = (seen.of(Probe::Genuine)?, seen.of(Probe::Forged)?);
    if genuine.is_accepted() {
        let again = seen
            .of(Probe::Duplicate)
            .filter(|again| !again.is_accepted())?;
        return Some(Finding {
            fault: Fault::RefusesDuplicate,
            evidence: shown(again),
        });
    }
    let fault = match genuine.is_like(forged) {
        true => why_like_a_forgery(seen, genuine, forged),
        false if genuine.timed_out() => Fault::TooSlow,
        false if genuine.is_status(500..600) => Fault::HandlerFails,
        false => Fault::RefusesGenuine,
    };
    Some(Finding {
        fault,
        evidence: format!("{}; a forged delivery: {}", shown(genuine), shown(forged)),
    })
}

fn why_like_a_forgery(seen: &Examination, genuine: &Outcome, forged: &Outcome) -> Fault {
    let is_other = |outcome: &Outcome| outcome.status().is_some() && !outcome.is_like(forged);
    let differs = |probe| seen.of(probe).is_some_and(is_other);
    if differs(Probe::Plain) || differs(Probe::Spaced) {
        return Fault::BodyReserialised;
    }
    if differs(Probe::SignedEmpty) {
        return Fault::BodyLost;
    }
    // What this library's receivers answer.
    match genuine.body() {
        "missing webhook header" => Fault::HeadersLost,
        "timestamp out of tolerance" => Fault::ClockWrong,
        _ => Fault::OtherSecret,
    }
}

/// What is safe, but could be better.
fn advice(seen: &Examination) -> Vec<Finding> {
    let is_refusal = |outcome: &&Outcome| {
        outcome.is_status(400..500) && !matches!(outcome.status(), Some(404 | 405))
    };
    let Some(unsigned) = seen.of(Probe::Unsigned).filter(is_refusal) else {
        return Vec::new();
    };
    let refused = |probe| seen.of(probe).filter(|outcome| outcome.is_like(unsigned));
    let around_router = refused(Probe::OtherPath).map(|other| Finding {
        fault: Fault::LayerAroundRouter,
        evidence: shown(other),
    });
    let around_methods = refused(Probe::Get).map(|get| Finding {
        fault: Fault::LayerAroundMethods,
        evidence: shown(get),
    });
    let late = seen.of(Probe::HeadOnly).filter(|head| head.timed_out());
    let late = late.map(|head| Finding {
        fault: Fault::BodyReadFirst,
        evidence: format!("{} to headers without a body", shown(head)),
    });
    around_router
        .or(around_methods)
        .into_iter()
        .chain(late)
        .collect()
}

impl Examination {
    /// Those that were sent.
    fn all_of(&self, probes: &[Probe]) -> Vec<&Outcome> {
        probes.iter().filter_map(|probe| self.of(*probe)).collect()
    }

    fn are_all(&self, probes: &[Probe], is: fn(&Outcome) -> bool) -> bool {
        self.all_of(probes).into_iter().all(is)
    }
}

/// Status and text of an answer.
fn shown(outcome: &Outcome) -> String {
    let Some(status) = outcome.status() else {
        return format!("no answer within {:.1} s", outcome.took.as_secs_f32());
    };
    let text = escaped(outcome.body());
    let short: String = text.chars().take(MAX_SHOWN).collect();
    match short.is_empty() {
        true => status.to_string(),
        false => format!("{status} {short}"),
    }
}
