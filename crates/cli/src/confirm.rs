//! Asks before something is deleted.

use std::io::{self, IsTerminal as _, Write as _};

use crate::failure::Failure;

/// Returns only after a yes: given as an option, or on the terminal.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::Usage(
            "nothing is deleted: there is no terminal to ask on; add --yes".to_owned(),
        ));
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush().ok();
    let mut answer = String::new();
    stdin
        .read_line(&mut answer)
        .map_err(|error| Failure::unreadable("the answer", error))?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Usage("nothing is deleted".to_owned())),
    }
}
