//! `clerk-webhooks`: sends, verifies, explains and replays Clerk's webhooks.

use std::process::ExitCode;

fn main() -> ExitCode {
    clerk_webhooks_cli::run(std::env::args_os())
}
