//! Where an engine's programs are.

use std::{env, fs, path::PathBuf};

use crate::Error;

/// A program, and what to install when there is none.
pub(super) struct Binary {
    pub(super) name: &'static str,
    pub(super) package: &'static str,
}

/// Debian keeps the server's programs out of `PATH`.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

impl Binary {
    /// Its path: the first in `PATH`, else that of the newest Postgres.
    pub(super) fn find(&self) -> Result<PathBuf, Error> {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            .chain(postgres_folders())
            .map(|folder| folder.join(self.name))
            .find(|candidate| candidate.is_file())
            .ok_or_else(|| {
                let Self { name, package } = self;
                format!(
                    "`{name}` is neither in PATH nor in {POSTGRES_VERSIONS}/*/bin: install {package}"
                )
                .into()
            })
    }
}

fn postgres_folders() -> Vec<PathBuf> {
    let mut versions: Vec<_> = fs::read_dir(POSTGRES_VERSIONS)
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    versions.sort();
    versions.reverse();
    versions
}

#[cfg(test)]
mod tests {
    use super::Binary;

    #[test]
    fn a_missing_binary_says_what_to_install() {
        let missing = Binary {
            name: "no-such-engine",
            package: "Engine 7 (Debian: engine-server)",
        };
        let error = missing.find().unwrap_err().to_string();
        assert!(error.contains("`no-such-engine`"), "{error}");
        assert!(
            error.ends_with("install Engine 7 (Debian: engine-server)"),
            "{error}"
        );
    }
}
