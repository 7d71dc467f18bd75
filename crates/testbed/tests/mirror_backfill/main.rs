//! Backfill and reconcile against a stand-in for Clerk's API, on both engines.

#[path = "../support/mod.rs"]
mod support;

mod database;
mod scenarios;
mod world;

/// Each scenario as a test on a fresh database of each engine.
macro_rules! scenarios {
    ($($room:ident { $($scenario:ident)+ })+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    crate::database::on_sqlite(crate::scenarios::$room::$scenario).await;
                }
            )+)+
        }
        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs CLERK_WEBHOOKS_POSTGRES_URL"]
                async fn $scenario() {
                    crate::database::on_postgres(crate::scenarios::$room::$scenario).await;
                }
            )+)+
        }
    };
}

scenarios! {
    backfill {
        equals_clerk_while_webhooks_arrive
        goes_on_where_it_was_aborted
        skips_nothing_while_objects_go
        reads_subscriptions_of_payers
        leaves_out_what_is_not_kept
    }
    reconcile {
        finds_and_fixes_what_lost_webhooks_left
        deletes_nothing_that_a_look_up_finds
        deletes_nothing_on_a_proxys_word
        deletes_nothing_with_the_key_of_another_instance
        only_reports_what_cannot_be_looked_up
        fixes_subscriptions
    }
    faults {
        a_wrong_answer_is_a_clear_error_and_writes_nothing
        a_server_that_recovers_is_waited_for
        a_database_that_fails_is_a_clear_error
        it_keeps_its_pace_and_waits_as_long_as_told
    }
}
