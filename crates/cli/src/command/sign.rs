//! `sign`: the headers of a body.

use std::path::PathBuf;

use clap::Args;
use clerk_webhooks::testing::SignedRequest;
use fastrand::Rng;

use crate::{
    capture::CapturedDelivery,
    failure::{Ending, Failure},
    input::{SecretArgs, read_file},
    output::Output,
    send::random_message_id,
};

/// Sign a body: print the headers that the sender would send with it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  clerk-webhooks sign body.json
  clerk-webhooks --json sign body.json > delivery.jsonl
  clerk-webhooks events user.created | clerk-webhooks sign --message-id msg_1")]
pub(crate) struct SignArgs {
    /// The file with the body. `-` is standard input
    #[arg(default_value = "-", value_name = "FILE")]
    body: PathBuf,
    /// The message id [default: a fresh one]
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// When the delivery is sent, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS")]
    sent_at: Option<u32>,
    #[command(flatten)]
    secret: SecretArgs,
}

pub(crate) fn run(args: &SignArgs, output: &mut Output) -> Result<Ending, Failure> {
    let secret = args.secret.signing_secret()?;
    let body = read_file(&args.body)?;
    let id = args
        .message_id
        .clone()
        .unwrap_or_else(|| random_message_id(&mut Rng::new()));
    let mut request = SignedRequest::new(&secret, body.clone()).with_message_id(id);
    if let Some(seconds) = args.sent_at {
        let since = std::time::Duration::from_secs(seconds.into());
        request = request.with_sent_at(std::time::UNIX_EPOCH + since);
    }
    let headers = request.header_pairs().to_vec();
    if output.is_json() {
        output.object(&CapturedDelivery::new(headers, body))?;
    } else {
        for (name, value) in headers {
            output.line(format!("{name}: {value}"))?;
        }
    }
    Ok(Ending::Success)
}
