//! One suite, run against each engine.

mod scenarios;
mod support;

/// A scenario as a test that gets a fresh bench from `$bench`.
macro_rules! scenario {
    ($bench:path, [$($attribute:meta)?], $room:ident::$scenario:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attribute])?
        async fn $scenario() {
            crate::support::show_logs();
            $bench(|bench| crate::scenarios::$room::$scenario(bench.into())).await;
        }
    };
}

macro_rules! suite {
    ($bench:path, $attributes:tt; $($room:ident { $($scenario:ident)+ })+) => {
        $(mod $room {
            suite!($bench, $attributes, $room $($scenario)+);
        })+
    };
    ($bench:path, $attributes:tt, $room:ident $($scenario:ident)+) => {
        $(scenario!($bench, $attributes, $room::$scenario);)+
    };
}

macro_rules! all_scenarios {
    ($bench:path $(, $attribute:meta)?) => {
        suite! {
            $bench, [$($attribute)?];
            storing {
                the_same_message_is_stored_once
                an_event_arrives_as_it_was_stored
                an_event_waits_for_its_time
                two_queues_on_one_database_are_two_worlds
                many_at_once_are_each_stored_once
            }
            retrying {
                a_failed_event_runs_again_after_a_growing_pause
                after_the_last_attempt_it_is_a_dead_letter
                a_permanent_failure_is_a_dead_letter_at_once
                a_panic_is_a_failure_like_another
                an_error_that_cannot_be_printed_is_one_too
                what_is_no_event_is_a_dead_letter
                a_handler_that_hangs_is_aborted_and_its_attempt_fails
                a_timeout_means_again
                a_shed_load_means_again
                a_broken_buffer_means_again
                a_permanent_failure_is_seen_through_middleware
                no_more_run_at_once_than_allowed
                the_largest_settings_are_taken
            }
            crashing {
                a_crashed_run_counts_and_the_next_follows_without_a_pause
                an_event_that_kills_its_process_ends_as_a_dead_letter
                a_late_end_of_a_run_that_was_given_up_changes_nothing
                a_late_end_changes_nothing_for_the_same_workers_next_run
                a_worker_that_is_dropped_cuts_off_what_it_runs
                a_shutdown_finishes_what_runs_and_nobody_runs_it_twice
                several_workers_run_each_event_once
            }
            operating {
                a_dead_letter_can_be_read_requeued_and_dropped
                dead_letters_come_in_pages
                a_finished_body_is_not_kept
                its_depth_age_and_attempts_are_measured
            }
        }
    };
}

/// What a broker cannot have: a handler completes its event in its own transaction; a row names the worker that has the
/// lease; ids are forgotten after a time that a test can set back.
macro_rules! sql_scenarios {
    ($bench:path $(, $attribute:meta)?) => {
        suite! {
            $bench, [$($attribute)?];
            completing {
                what_was_committed_is_done_though_the_handler_fails
                what_was_rolled_back_runs_again_though_the_handler_succeeds
                who_lost_the_lease_cannot_complete
                an_event_of_another_queue_cannot_be_completed
                a_pool_of_one_connection_is_enough
            }
            recording {
                what_was_leased_without_an_answer_runs_all_the_same
                what_was_leased_again_without_an_answer_runs_again
                an_end_whose_answer_was_lost_is_reported_once
                what_was_processed_is_forgotten_after_its_time
            }
        }
    };
}

mod nats;
mod postgres;
mod sqlite;
