//! The statements of [`sql`](crate::sql) as constants of their engine, so that code can be generic over it.

/// A statement, and what its error says that it was for.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    pub text: &'static str,
    pub purpose: &'static str,
}

macro_rules! statements {
    ($($name:ident = $room:ident::$statement:ident, $purpose:literal;)+) => {
        pub trait Statements {
            $(const $name: Statement;)+
        }

        statements!("postgres", sqlx::PgConnection, postgres, $($name, $room, $statement, $purpose;)+);
        statements!("sqlite", sqlx::SqliteConnection, sqlite, $($name, $room, $statement, $purpose;)+);
    };
    ($feature:literal, $connection:ty, $engine:ident, $($name:ident, $room:ident, $statement:ident, $purpose:literal;)+) => {
        #[cfg(feature = $feature)]
        impl Statements for $connection {
            $(const $name: Statement = Statement {
                text: crate::sql::$engine::$room::$statement,
                purpose: $purpose,
            };)+
        }
    };
}

statements! {
    CLAIM = store::CLAIM, "claim a message";
    EXTEND_CLAIM = store::EXTEND, "extend a claim";
    COMPLETE_CLAIM = store::COMPLETE, "complete a message";
    RELEASE_CLAIM = store::RELEASE, "release a claim";
    FORGET_CLAIM = store::FORGET, "forget a message";
    PURGE_CLAIMS = store::PURGE, "purge what has expired";
    FIRST_TIME = inbox::FIRST_TIME, "record a message";
    FORGET_RECORD = inbox::FORGET, "forget a message";
    PURGE_RECORDS = inbox::PURGE, "purge its inbox";
    PUSH = queue::PUSH, "store an event";
    NEXT = queue::NEXT, "look for events";
    LEASE = queue::LEASE, "lease events";
    EXTEND = queue::EXTEND, "extend leases";
    TAKE_OVER = queue::TAKE_OVER, "take over events";
    END = queue::END, "record how a run ended";
    HAS_ENDED = queue::HAS_ENDED, "read how a run ended";
    COUNTS = queue::COUNTS, "count its events";
    COUNT = queue::COUNT, "count its events";
    DEAD_LETTERS = queue::DEAD_LETTERS, "list its dead letters";
    DEAD_LETTER = queue::DEAD_LETTER, "read a dead letter";
    REQUEUE = queue::REQUEUE, "requeue a dead letter";
    DROP = queue::DROP, "drop a dead letter";
    PURGE = queue::PURGE, "purge what was processed";
}
