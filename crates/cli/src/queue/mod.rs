//! The queue that `--database-url` names, on any engine: counts and dead letters.

mod args;
mod dead_letter;
mod engine;
mod open;

pub(crate) use self::{
    args::QueueArgs,
    dead_letter::DeadLetter,
    engine::{Counts, OpenQueue},
};
