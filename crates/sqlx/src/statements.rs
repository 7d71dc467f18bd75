//! The statements of [`sql`](crate::sql) as constants of their engine, so that code can be generic over it.

macro_rules! statements {
    ($($name:ident = $room:ident::$statement:ident;)+) => {
        pub trait Statements {
            $(const $name: &'static str;)+
        }

        #[cfg(feature = "postgres")]
        impl Statements for sqlx::Postgres {
            $(const $name: &'static str = crate::sql::postgres::$room::$statement;)+
        }

        #[cfg(feature = "sqlite")]
        impl Statements for sqlx::Sqlite {
            $(const $name: &'static str = crate::sql::sqlite::$room::$statement;)+
        }
    };
}

statements! {
    CLAIM = store::CLAIM;
    EXTEND_CLAIM = store::EXTEND;
    COMPLETE_CLAIM = store::COMPLETE;
    RELEASE_CLAIM = store::RELEASE;
    FORGET_CLAIM = store::FORGET;
    PURGE_CLAIMS = store::PURGE;
    FIRST_TIME = inbox::FIRST_TIME;
    FORGET_RECORD = inbox::FORGET;
    PURGE_RECORDS = inbox::PURGE;
    PUSH = queue::PUSH;
    NEXT = queue::NEXT;
    LEASE = queue::LEASE;
    EXTEND = queue::EXTEND;
    TAKE_OVER = queue::TAKE_OVER;
    END = queue::END;
    HAS_ENDED = queue::HAS_ENDED;
    COUNTS = queue::COUNTS;
    COUNT = queue::COUNT;
    DEAD_LETTERS = queue::DEAD_LETTERS;
    DEAD_LETTER = queue::DEAD_LETTER;
    REQUEUE = queue::REQUEUE;
    DROP = queue::DROP;
    PURGE = queue::PURGE;
}
