//! The mirror's tables on real databases. SQLite needs nothing; Postgres a server, on which each test makes a database.

mod failures;
mod scenarios;
mod support;

/// Makes two tests of each scenario.
macro_rules! on_both_engines {
    ($($module:ident: $($scenario:ident)+;)+) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread")]
                async fn $scenario() {
                    let file = crate::support::SqliteFile::new().await;
                    crate::scenarios::$module::$scenario(file.pool()).await;
                })+
            })+
        }

        mod postgres {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread")]
                #[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
                async fn $scenario() {
                    let database = crate::support::PostgresDatabase::create().await;
                    crate::scenarios::$module::$scenario(database.pool()).await;
                })+
            })+
        }
    };
}

on_both_engines! {
    changes:
        an_event_says_what_it_changed
        equal_versions_are_decided_by_timestamp_and_message_id
        without_updated_at_the_events_timestamp_counts
        a_deletion_is_final_also_when_it_comes_first
        a_rollback_leaves_nothing
        lists_of_a_user_follow_the_user
        objects_inside_others_have_versions_of_their_own;
    parents:
        a_deleted_organization_takes_everything_along
        a_deleted_user_takes_memberships_along
        a_membership_that_moved_survives_its_old_organization
        memberships_are_written_while_their_organization_is_deleted;
    settings:
        nothing_private_is_stored_unless_asked_for
        only_the_groups_that_were_asked_for_are_kept
        deletions_count_when_only_dependents_are_kept;
    inputs:
        every_fixture_applies
        every_published_example_applies
        what_cannot_be_stored_is_replaced
        other_shapes_are_read_too
        events_without_a_usable_object_are_ignored
        unknown_events_and_fields_are_no_errors;
    maintenance:
        old_tombstones_are_purged
        many_processes_may_start_at_once
        tables_that_are_up_to_date_stay;
}
