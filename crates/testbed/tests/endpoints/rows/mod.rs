//! The contract: what every framework's endpoint answers.

mod body;
mod connection;
mod event;
mod genuine;
mod headers;

use crate::row::Row;

/// The sections of the contract, in the order of its page.
pub(crate) const SECTIONS: [(&str, &[Row]); 5] = [
    ("Genuine deliveries", genuine::ROWS),
    ("Headers", headers::ROWS),
    ("Body", body::ROWS),
    ("Event, handler and setup", event::ROWS),
    ("Connection", connection::ROWS),
];

pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    SECTIONS.iter().flat_map(|(_, rows)| rows.iter())
}
