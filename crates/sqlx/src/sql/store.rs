//! The statements of the idempotency store.

/// Makes a module `store` with every statement. The parameters are those of [`queue_statements`].
macro_rules! store_statements {
    (now: $now:literal, skip_locked: $skip_locked:literal, $($others:tt)*) => {
        /// The table of claims, `clerk_idempotency`, of `PostgresStore` and `SqliteStore`.
        ///
        /// A row with a `token` is a claim in progress. A row with an `outcome`, `succeeded` or `permanently_failed`, is
        /// a completed message. Both are valid until `expires_at`, in milliseconds since 1970.
        pub mod store {
            /// Claims a message, unless it is claimed or completed.
            ///
            /// - `$1` text: scope; `$2` text: message id
            /// - `$3` text: a new random token
            /// - `$4` bigint: the lease in milliseconds
            ///
            /// Always returns one row with one column:
            ///
            /// - your token: you have claimed the message;
            /// - another token: the message is in progress;
            /// - `succeeded` or `permanently_failed`: the message is completed.
            ///
            /// You may repeat the statement with the same token.
            ///
            /// The result is read under the row's lock, so no other claim can come in between.
            ///
            /// On SQLite, step the statement to its end, not only to the row. The commit comes after the row; if the
            /// commit fails, there is no claim. rusqlite's `query_row` and diesel's `get_result` stop at the row and
            /// lose that error. `query_map` and `load` read to the end.
            pub const CLAIM: &str = concat! {"insert into clerk_idempotency as held (scope, id, token, expires_at)
values ($1, $2, $3, ", $now, " + cast($4 as bigint))
on conflict (scope, id) do update set (token, outcome, expires_at) = (
    select
        case when is_over then excluded.token else held.token end,
        case when is_over then null else held.outcome end,
        case when is_over then excluded.expires_at else held.expires_at end
    from (select held.expires_at <= ", $now, " as is_over) as lease
)
returning coalesce(token, outcome) as state"};

            /// Extends a claim: its new lease starts now.
            ///
            /// - `$1` bigint: the lease in milliseconds
            /// - `$2` text: scope; `$3` text: message id
            /// - `$4` text: the claim's token
            ///
            /// One row affected: extended. No row: the token no longer holds the message.
            pub const EXTEND: &str = concat! {"update clerk_idempotency set expires_at = ", $now, " + cast($1 as bigint)
where scope = $2 and id = $3 and token = $4 and expires_at > ", $now};

            /// Records how a message's work ended, whoever holds the claim.
            ///
            /// - `$1` text: scope; `$2` text: message id
            /// - `$3` text: `succeeded` or `permanently_failed`
            /// - `$4` bigint: how long to keep the outcome, in milliseconds
            ///
            /// One row affected.
            pub const COMPLETE: &str = concat! {"insert into clerk_idempotency (scope, id, outcome, expires_at)
values ($1, $2, $3, ", $now, " + cast($4 as bigint))
on conflict (scope, id) do update
    set token = null, outcome = excluded.outcome, expires_at = excluded.expires_at"};

            /// Releases a claim.
            ///
            /// - `$1` text: scope; `$2` text: message id
            /// - `$3` text: the claim's token
            ///
            /// One row affected: released. No row: the token did not hold the message.
            pub const RELEASE: &str =
                "delete from clerk_idempotency where scope = $1 and id = $2 and token = $3";

            /// Forgets that a message was completed. A claim in progress stays.
            ///
            /// - `$1` text: scope; `$2` text: message id
            ///
            /// One row affected: forgotten. No row: the message was not completed.
            pub const FORGET: &str =
                "delete from clerk_idempotency where scope = $1 and id = $2 and token is null";

            /// Removes expired rows, the oldest first.
            ///
            /// - `$1` bigint: how many rows at most
            ///
            /// The rows affected are the removed ones. Fewer than `$1` means that no other row can be removed now.
            pub const PURGE: &str = concat! {"with expired as (
    select scope, id from clerk_idempotency where expires_at <= ", $now, "
    order by expires_at limit $1", $skip_locked, "
)
delete from clerk_idempotency where (scope, id) in (select scope, id from expired)"};
        }
    };
}
