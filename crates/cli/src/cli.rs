//! The command line as a whole.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::{
    command::{
        completions, dead, doctor, events, explain, listen, mirror, queue, replay, sign, trigger,
        verify,
    },
    failure::{Ending, Failure},
    output::{Output, without_secrets},
};

/// Send, verify, explain and replay Clerk's webhooks
#[derive(Debug, Parser)]
#[command(
    name = "clerk-webhooks",
    version,
    after_help = "The signing secret comes from the environment \
(CLERK_WEBHOOK_SIGNING_SECRET), from a file or from a prompt. It is never printed.

Exit codes:
  0    everything is as it should be
  1    a delivery is refused, a receiver does not answer as it should, there is no such dead letter, or
       tables differ
  2    the arguments are wrong
  3    a file or a secret cannot be read
  4    there is no answer from the receiver, or from Clerk's API
  5    the database or the queue cannot be used
  130  ended by Ctrl-C
  141  the reader of the output has gone, as with `| head`"
)]
struct Cli {
    /// Print one JSON object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Events(events::EventsArgs),
    Trigger(trigger::TriggerArgs),
    Sign(sign::SignArgs),
    Verify(verify::VerifyArgs),
    Explain(explain::ExplainArgs),
    Replay(replay::ReplayArgs),
    Listen(listen::ListenArgs),
    Backfill(mirror::BackfillArgs),
    Reconcile(mirror::ReconcileArgs),
    Doctor(doctor::DoctorArgs),
    Dead(dead::DeadArgs),
    Queue(queue::QueueCommandArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs the command line with these arguments, the first of which is the program's name.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            print_usage(&error);
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let mut output = Output::new(cli.json);
    let ended = cli.command.run(&mut output).and_then(|ending| {
        output.flush()?;
        Ok(ending)
    });
    match ended {
        Ok(ending) => ExitCode::from(ending.code()),
        Err(failure) => fail(&failure),
    }
}

/// A help text or what is wrong with the arguments, which may quote them. The reader may have gone.
fn print_usage(error: &clap::Error) {
    let text = without_secrets(&error.render().to_string());
    let _ = match error.use_stderr() {
        true => io::stderr().write_all(text.as_bytes()),
        false => io::stdout().write_all(text.as_bytes()),
    };
}

fn fail(failure: &Failure) -> ExitCode {
    if let Some(message) = failure.message() {
        let _ = writeln!(io::stderr(), "error: {}", without_secrets(message));
    }
    ExitCode::from(failure.code())
}

impl Command {
    fn run(&self, output: &mut Output) -> Result<Ending, Failure> {
        match self {
            Self::Events(args) => events::run(args, output),
            Self::Trigger(args) => trigger::run(args, output),
            Self::Sign(args) => sign::run(args, output),
            Self::Verify(args) => verify::run(args, output),
            Self::Explain(args) => explain::run(args, output),
            Self::Replay(args) => replay::run(args, output),
            Self::Backfill(args) => mirror::backfill(args, output),
            Self::Reconcile(args) => mirror::reconcile(args, output),
            Self::Listen(args) => listen::run(args, output),
            Self::Doctor(args) => doctor::run(args, output),
            Self::Dead(args) => dead::run(args, output),
            Self::Queue(args) => queue::run(args, output),
            Self::Completions(args) => completions::run(args, &mut Cli::command(), output),
        }
    }
}
