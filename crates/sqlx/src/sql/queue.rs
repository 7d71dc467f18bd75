//! The queue's statements.

/// Makes a module `queue` with every statement.
///
/// - `now`: the time in milliseconds. It is the same throughout a statement, and a comparison with it can use an index.
/// - `random`: a number from 0 to 1, new for each row.
/// - `skip_locked`: skips rows that another transaction has locked.
/// - `texts`: selects the texts of the JSON array `$3`.
/// - `move_done`: an assignment that frees the space of a deleted body.
macro_rules! queue_statements {
    (
        now: $now:literal,
        skip_locked: $skip_locked:literal,
        random: $random:literal,
        texts: $texts:literal,
        move_done: $move_done:literal,
    ) => {
        /// The queue's table, `clerk_queue`.
        ///
        /// A row is an event. `state` is its state, and `at` a time in milliseconds since 1970:
        ///
        /// | `state` | `at` |
        /// |---|---|
        /// | `waiting` | when it is due |
        /// | `running` | when its lease ends |
        /// | `done` | when it was processed; `body` is null |
        /// | `dead` | when it was dead-lettered |
        ///
        /// Queries about a single message use the primary key. All others use the index on `(queue, state, at)`, so
        /// they never read rows of another state.
        ///
        /// A lease is identified by the row's `owner`, a text that is unique to a worker, and by its `attempts`, which
        /// each lease increments. The statement that ends a lease needs both.
        pub mod queue {
            /// Stores an event, due at once or later.
            ///
            /// - `$1` text: queue; `$2` text: message id
            /// - `$3` bigint: when it is due, in milliseconds since 1970; null: at once
            /// - `$4` text: the event as JSON
            ///
            /// One row affected: stored. No row: the queue already has a message with this id.
            pub const PUSH: &str = concat! {"insert into clerk_queue (queue, message_id, state, at, body)
values ($1, $2, 'waiting', coalesce(cast($3 as bigint), ", $now, "), $4)
on conflict do nothing"};

            /// The first event that is or becomes due, and the first lease that ends.
            ///
            /// - `$1` text: queue
            ///
            /// At most two rows with three columns: `waiting` or `running`; the milliseconds until it is due or its
            /// lease ends; its crashes.
            pub const NEXT: &str = concat! {"select state, at - ", $now, ", crashes from (
    select state, at, crashes from clerk_queue
    where queue = $1 and state = 'waiting' order by at limit 1
) as waiting
union all
select state, at - ", $now, ", crashes from (
    select state, at, crashes from clerk_queue
    where queue = $1 and state = 'running' order by at limit 1
) as running"};

            /// Leases due events, and counts an attempt for each.
            ///
            /// - `$1` text: queue
            /// - `$2` and `$3` bigint: the least and the most crashes of an event to lease
            /// - `$4` bigint: how many events at most
            /// - `$5` text: the owner
            /// - `$6` bigint: the lease in milliseconds
            ///
            /// One row for each: message id, attempts including this one, crashes, the event as JSON.
            pub const LEASE: &str = concat! {"with due as (
    select queue, message_id from clerk_queue
    where queue = $1 and state = 'waiting' and at <= ", $now, " and crashes between $2 and $3
    order by at limit $4", $skip_locked, "
)
update clerk_queue
set state = 'running', owner = $5, attempts = attempts + 1, last_error = null, at = ", $now, " + cast($6 as bigint)
where (queue, message_id) in (select queue, message_id from due)
returning message_id, attempts, crashes, coalesce(body, '')"};

            /// Extends leases: their new time starts now. A lease that has ended is extended too, if no worker has taken
            /// the event over.
            ///
            /// - `$1` bigint: the lease in milliseconds
            /// - `$2` text: queue
            /// - `$3` text: the message ids, a JSON array of texts
            /// - `$4` text: the owner
            pub const EXTEND: &str = concat! {"update clerk_queue set at = ", $now, " + cast($1 as bigint)
where queue = $2 and message_id in (", $texts, ") and owner = $4 and state = 'running'"};

            /// Takes over the events whose lease has ended, and counts a crash for each.
            ///
            /// - `$1` text: queue
            /// - `$2` bigint: how many events at most
            /// - `$3` bigint: the longest random wait in milliseconds, from the second crash on
            ///
            /// One row for each: message id, crashes including this one.
            pub const TAKE_OVER: &str = concat! {"with lost as (
    select queue, message_id from clerk_queue
    where queue = $1 and state = 'running' and at <= ", $now, "
    order by at limit $2", $skip_locked, "
)
update clerk_queue
set state = 'waiting', owner = null, crashes = crashes + 1, last_error = 'its worker crashed',
    at = ", $now, " + case when crashes > 0 then cast(cast($3 as bigint) * ", $random, " as bigint) else 0 end
where (queue, message_id) in (select queue, message_id from lost)
returning message_id, crashes"};

            /// Ends a lease, and records how.
            ///
            /// - `$1` text: the new state, `waiting`, `done` or `dead`
            /// - `$2` bigint: the milliseconds until it is due, if it waits; otherwise zero
            /// - `$3` bigint: the attempts to record
            /// - `$4` text: the error; null: none
            /// - `$5` text: queue; `$6` text: message id
            /// - `$7` text: the owner; `$8` bigint: the attempt
            ///
            /// One row affected: ended. No row: the lease is lost.
            pub const END: &str = concat! {"update clerk_queue
set state = $1, at = ", $now, " + cast($2 as bigint), attempts = $3, last_error = $4, owner = null,
    body = case when $1 = 'done' then null else body end", $move_done, "
where queue = $5 and message_id = $6 and owner = $7 and attempts = $8 and state = 'running'"};

            /// Whether a lease was ended like this. For a worker that got no answer to `END`.
            ///
            /// - `$1` text: queue; `$2` text: message id
            /// - `$3` text: the new state; `$4` bigint: the recorded attempts; `$5` text: the error; null: none
            ///
            /// One row with one column, 1 or 0.
            pub const HAS_ENDED: &str = "select count(*) from clerk_queue
where queue = $1 and message_id = $2 and state = $3 and attempts = $4
    and coalesce(last_error, '') = coalesce($5, '')";

            /// How many events of a queue wait, run and are dead-lettered, all at one moment: counted one after
            /// the other, an event that changes its state meanwhile could be missed.
            ///
            /// - `$1` text: queue
            ///
            /// One row of three columns.
            pub const COUNTS: &str = "select
    (select count(*) from clerk_queue where queue = $1 and state = 'waiting'),
    (select count(*) from clerk_queue where queue = $1 and state = 'running'),
    (select count(*) from clerk_queue where queue = $1 and state = 'dead')";

            /// How many events of a queue are in a state.
            ///
            /// - `$1` text: queue; `$2` text: state
            pub const COUNT: &str =
                "select count(*) from clerk_queue where queue = $1 and state = $2";

            /// Dead letters, the oldest first.
            ///
            /// - `$1` text: queue
            /// - `$2` bigint and `$3` text: `at` and message id of the dead letter before; -1 and an empty text to begin
            /// - `$4` bigint: how many at most
            ///
            /// One row for each: message id, attempts, crashes, the error, `at`, the event as JSON.
            pub const DEAD_LETTERS: &str =
                "select message_id, attempts, crashes, coalesce(last_error, ''), at, coalesce(body, '')
from clerk_queue
where queue = $1 and state = 'dead' and (at, message_id) > ($2, $3)
order by at, message_id limit $4";

            /// One dead letter, in the columns of [`DEAD_LETTERS`].
            ///
            /// - `$1` text: queue; `$2` text: message id
            pub const DEAD_LETTER: &str =
                "select message_id, attempts, crashes, coalesce(last_error, ''), at, coalesce(body, '')
from clerk_queue where queue = $1 and message_id = $2 and state = 'dead'";

            /// Requeues a dead letter: it is due at once, with all its attempts.
            ///
            /// - `$1` text: queue; `$2` text: message id
            ///
            /// One row affected: requeued. No row: there is no such dead letter.
            pub const REQUEUE: &str = concat! {"update clerk_queue
set state = 'waiting', attempts = 0, crashes = 0, last_error = null, at = ", $now, "
where queue = $1 and message_id = $2 and state = 'dead'"};

            /// Deletes a dead letter together with its id.
            ///
            /// - `$1` text: queue; `$2` text: message id
            ///
            /// One row affected: deleted. No row: there is no such dead letter.
            pub const DROP: &str =
                "delete from clerk_queue where queue = $1 and message_id = $2 and state = 'dead'";

            /// Deletes events that were processed long ago, the oldest first.
            ///
            /// - `$1` text: queue
            /// - `$2` bigint: the minimum age in milliseconds
            /// - `$3` bigint: how many at most
            ///
            /// The rows affected are the deleted ones. Fewer than `$3` means that no other row can be deleted now.
            pub const PURGE: &str = concat! {"delete from clerk_queue where (queue, message_id) in (
    select queue, message_id from clerk_queue
    where queue = $1 and state = 'done' and at <= ", $now, " - cast($2 as bigint)
    order by at limit $3", $skip_locked, "
)"};
        }
    };
}
