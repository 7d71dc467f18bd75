//! `completions`, for each shell.

use std::process::Command;

use crate::program::{run, stderr, stdout};

fn script(shell: &str) -> String {
    let output = run(&["completions", shell]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn every_shell_has_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = script(shell);
        for word in [
            "trigger",
            "doctor",
            "requeue",
            "purge",
            "database-url",
            "insecure-secret",
        ] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn bash_completes_commands_and_options() {
    for (words, completed) in [
        (&["dea"][..], "dead"),
        (&["dead", "re"], "requeue"),
        (&["doctor", "--ur"], "--url"),
    ] {
        let script = script("bash");
        let function = script.split("complete -F ").nth(1).unwrap();
        let function = function.split(' ').next().unwrap();
        let (typed, last) = (words.join(" "), words.len());
        let ask = format!(
            "COMP_WORDS=(clerk-webhooks {typed}); COMP_CWORD={last}; {function} clerk-webhooks \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{last}-1]}}\"; "
        );
        let output = Command::new("bash")
            .args(["-c", &format!("{script}\n{ask}echo \"${{COMPREPLY[*]}}\"")])
            .output()
            .unwrap();
        assert_eq!(stdout(&output).trim(), completed, "{}", stderr(&output));
    }
}
