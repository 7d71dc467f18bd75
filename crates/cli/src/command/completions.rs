//! `completions`: what a shell needs to complete commands and options.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use crate::{
    failure::{Ending, Failure},
    output::Output,
};

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  clerk-webhooks completions bash > ~/.local/share/bash-completion/completions/clerk-webhooks
  clerk-webhooks completions zsh > ~/.zfunc/_clerk-webhooks
  clerk-webhooks completions fish > ~/.config/fish/completions/clerk-webhooks.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(
    args: &CompletionsArgs,
    program: &mut Command,
    output: &mut Output,
) -> Result<Ending, Failure> {
    let mut script = Vec::new();
    generate(args.shell, program, "clerk-webhooks", &mut script);
    let script = String::from_utf8_lossy(&script);
    // clap_complete spells a name with a hyphen in two ways for bash, and finds no commands then.
    let script = script.replace("clerk__subcmd__webhooks", "clerk__webhooks");
    output.line(script.trim_end())?;
    Ok(Ending::Success)
}
