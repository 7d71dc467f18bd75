//! The arguments of `trigger`.

use std::path::PathBuf;

use clap::Args;

use crate::{input::SecretArgs, send::Target};

/// Sign events and send them to a receiver, as Clerk does
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  clerk-webhooks trigger user.created --to http://127.0.0.1:3000/webhooks/clerk
  clerk-webhooks trigger user.created --set data.first_name=Ada --to http://127.0.0.1:3000/webhooks/clerk
  clerk-webhooks trigger --all --duplicate --shuffle --to https://staging.example.com/webhooks/clerk
  clerk-webhooks trigger user.deleted --repeat 10000 --concurrency 64 --to http://127.0.0.1:3000/webhooks/clerk
  clerk-webhooks trigger --all --forge --to http://127.0.0.1:3000/webhooks/clerk

Exit code: 0 if every answer is as it should be (2xx; with --forge or --stale 4xx), 1 if not, 4 without any answer.")]
pub(crate) struct TriggerArgs {
    /// The types of the events; `clerk-webhooks events` lists them
    #[arg(value_name = "TYPE", required_unless_present_any = ["all", "data"])]
    pub(super) types: Vec<String>,
    /// Where to send them
    #[arg(long, value_name = "URL")]
    pub(super) to: Target,
    /// Send one event of every type
    #[arg(long, conflicts_with_all = ["types", "data"])]
    pub(super) all: bool,
    /// Send the body in this file instead of an event of ours. `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "types")]
    pub(super) data: Option<PathBuf>,
    /// Change a field, such as `data.first_name=Ada` or `data.banned=true`. May be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub(super) set: Vec<String>,
    /// How often each event is sent, each time as a new message
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) repeat: usize,
    /// How many are under way at once
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) concurrency: usize,
    /// How long to wait for an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "15")]
    pub(super) time_limit: u64,
    /// Send each message twice, under the same message id
    #[arg(long)]
    pub(super) duplicate: bool,
    /// Send in random order
    #[arg(long)]
    pub(super) shuffle: bool,
    /// Sign with a random secret: the receiver must refuse (4xx)
    #[arg(long, conflicts_with = "stale")]
    pub(super) forge: bool,
    /// Sign as of one hour ago: the receiver must refuse (4xx)
    #[arg(long)]
    pub(super) stale: bool,
    #[command(flatten)]
    pub(super) secret: SecretArgs,
}
