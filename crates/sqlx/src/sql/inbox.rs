//! The statements of the inbox.

/// Makes a module `inbox` with every statement. The parameters are those of [`queue_statements`].
macro_rules! inbox_statements {
    (now: $now:literal, skip_locked: $skip_locked:literal, $($others:tt)*) => {
        /// The inbox's table, `clerk_inbox`. A row means that the effects of its message are committed. `received_at` is
        /// in milliseconds since 1970.
        pub mod inbox {
            /// Records the message in the transaction that does its work.
            ///
            /// - `$1` text: scope; `$2` text: message id
            ///
            /// One row affected: the first time. No row: another transaction has committed the message's effects.
            ///
            /// On Postgres, this waits for the end of an open transaction that recorded the same message. On SQLite,
            /// begin the transaction with `begin immediate`: see the module [`inbox`](crate#the-inbox).
            pub const FIRST_TIME: &str = concat! {"insert into clerk_inbox (scope, id, received_at) values ($1, $2, ", $now, ") on conflict do nothing"};

            /// Removes the record of a message, so that a manual resend does its work again.
            ///
            /// - `$1` text: scope; `$2` text: message id
            ///
            /// One row affected: removed. No row: the message was not recorded.
            pub const FORGET: &str = "delete from clerk_inbox where scope = $1 and id = $2";

            /// Removes the records of messages that were received long ago, the oldest first.
            ///
            /// - `$1` bigint: the minimum age in milliseconds
            /// - `$2` bigint: how many rows at most
            ///
            /// The rows affected are the removed ones. Fewer than `$2` means that no other row can be removed now.
            pub const PURGE: &str = concat! {"with old as (
    select scope, id from clerk_inbox where received_at <= ", $now, " - cast($1 as bigint)
    order by received_at limit $2", $skip_locked, "
)
delete from clerk_inbox where (scope, id) in (select scope, id from old)"};
        }
    };
}
