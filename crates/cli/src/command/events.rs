//! `events`: the event types, what each carries, its fixture.

use clap::Args;
use clerk_webhooks::{ClerkEvent, EventType, testing::fixtures};
use serde::Serialize;
use serde_json::Value;

use crate::{
    failure::{Ending, Failure},
    output::Output,
};

/// List the event types, or show an event of one type
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  clerk-webhooks events
  clerk-webhooks events user.created
  clerk-webhooks --json events | jq -r .event_type")]
pub(crate) struct EventsArgs {
    /// Show an event of this type
    #[arg(value_name = "TYPE")]
    event_type: Option<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    event_type: &'a str,
    carries: &'a str,
    fixture: Value,
}

pub(crate) fn run(args: &EventsArgs, output: &mut Output) -> Result<Ending, Failure> {
    match &args.event_type {
        Some(event_type) => show(&fixture(event_type)?, output)?,
        None => list(output)?,
    }
    Ok(Ending::Success)
}

/// The event of a type, as Clerk sends it.
pub(crate) fn fixture(event_type: &str) -> Result<(EventType, String), Failure> {
    let wanted = EventType::from(event_type);
    let mut all = fixtures::all().into_iter();
    all.find(|(event_type, _)| *event_type == wanted)
        .ok_or_else(|| {
            let shown = crate::output::escaped(event_type);
            Failure::Usage(format!(
                "`{shown}` is not an event type: `clerk-webhooks events` lists them"
            ))
        })
}

fn list(output: &mut Output) -> Result<(), Failure> {
    for (event_type, json) in fixtures::all() {
        let carries = carried(&json);
        if output.is_json() {
            print_row(event_type.as_str(), &carries, &json, output)?;
        } else {
            output.line(format!("{:<36} {carries}", event_type.as_str()))?;
        }
    }
    Ok(())
}

fn show((event_type, json): &(EventType, String), output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return print_row(event_type.as_str(), &carried(json), json, output);
    }
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    output.line(format!("{value:#}"))?;
    Ok(())
}

fn print_row(
    event_type: &str,
    carries: &str,
    json: &str,
    output: &mut Output,
) -> Result<(), Failure> {
    let row = Row {
        kind: "event_type",
        event_type,
        carries,
        fixture: serde_json::from_str(json).unwrap_or_default(),
    };
    Ok(output.object(&row)?)
}

/// The name of the type that the event's data has: what its `Debug` output starts with.
fn carried(json: &str) -> String {
    let event = ClerkEvent::from_slice(json.as_bytes()).ok();
    let printed = event
        .map(|event| format!("{:?}", event.data))
        .unwrap_or_default();
    let inside = printed.split_once('(').map_or("", |(_, inside)| inside);
    inside
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}
