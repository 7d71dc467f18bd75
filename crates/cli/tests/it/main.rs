//! The tests of the command line, in one binary.

mod common;
mod http;
mod listener;
mod program;
mod receiver;
mod webdriver;

mod browser;
mod completions;
mod dead;
mod doctor;
mod explain;
mod interrupts;
mod listen;
mod mirror;
mod reasons;
mod recorded;
mod replay;
mod secrets;
mod snapshots;
mod trigger;
