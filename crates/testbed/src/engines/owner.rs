//! The user that runs an engine's process.

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

    /// Makes this user the owner of the folder.
    pub(super) fn own(self, folder: &Path) -> Result<(), Error> {
        if let Self(Some((user, group))) = self {
            chown(folder, Some(user), Some(group))?;
        }
        Ok(())
    }

    /// Runs the program as this user.
    pub(super) fn run(self, command: &mut Command) {
        if let Self(Some((user, group))) = self {
            command.uid(user).gid(group);
        }
    }
}
