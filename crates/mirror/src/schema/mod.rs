//! What the tables look like: one description, from which the tables, the statements and the documentation are made.

pub(crate) mod ddl;
#[cfg(test)]
mod documented;
pub(crate) mod scripts;
pub(crate) mod statements;
pub(crate) mod table;
pub(crate) mod tables;
