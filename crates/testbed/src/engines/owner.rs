//! Whose process an engine is.

use std::{
    os::unix::{fs::chown, process::CommandExt as _},
    path::Path,
    process::Command,
};

use nix::unistd::{User, geteuid};

use crate::Error;

/// The user that Postgres runs as: it refuses root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner(Option<(u32, u32)>);

impl Owner {
    /// Ourselves, or the user `postgres` when we are root.
    pub(super) fn of_postgres() -> Result<Self, Error> {
        if !geteuid().is_root() {
            return Ok(Self(None));
        }
        let user = User::from_name("postgres")?
            .ok_or("Postgres refuses to run as root, and there is no user `postgres`: add one")?;
        Ok(Self(Some((user.uid.as_raw(), user.gid.as_raw()))))
    }

    /// Makes the folder his.
    pub(super) fn own(self, folder: &Path) -> Result<(), Error> {
        if let Self(Some((user, group))) = self {
            chown(folder, Some(user), Some(group))?;
        }
        Ok(())
    }

    /// Lets him run the program.
    pub(super) fn run(self, command: &mut Command) {
        if let Self(Some((user, group))) = self {
            command.uid(user).gid(group);
        }
    }
}
