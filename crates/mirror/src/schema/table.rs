//! The description of a table: its columns, and where their values are in Clerk's object.

use crate::engine::kind::Kind;

/// Tables that are kept together, or not at all.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example(pool: sqlx::SqlitePool) -> Result<(), clerk_webhooks_mirror::MirrorError> {
/// use clerk_webhooks_mirror::{Group, Mirror};
///
/// let mirror = Mirror::new(pool).await?.with_groups([Group::Users, Group::Organizations]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// `users`, `email_addresses`, `phone_numbers`, `external_accounts`.
    Users,
    /// `organizations`, `organization_memberships`, `organization_invitations`, `organization_domains`.
    Organizations,
    /// `roles`, `permissions`.
    Roles,
    /// `invitations`, `waitlist_entries`.
    Invitations,
    /// `subscriptions`, `subscription_items`, `payment_attempts`.
    Billing,
    /// `sessions`. Not kept unless you ask for it: every sign-in writes a row.
    Sessions,
}

impl Group {
    /// Every group but [`Sessions`](Self::Sessions).
    pub(crate) const DEFAULT: [Self; 5] = [
        Self::Users,
        Self::Organizations,
        Self::Roles,
        Self::Invitations,
        Self::Billing,
    ];
}

/// A table. Its rows have an `id`, the object's JSON, and the object's version.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    /// What the types of its events begin with; `None` if no event is about its objects.
    pub(crate) event: Option<&'static str>,
    /// Between the `id` and the object.
    pub(crate) columns: &'static [Column],
    /// Objects without which its objects do not exist.
    pub(crate) parents: &'static [Parent],
    /// Lists in its objects whose elements are rows of other tables. They follow the version of the object.
    pub(crate) parts: &'static [Part],
    /// Objects inside its objects that have versions of their own.
    pub(crate) contained: &'static [Contained],
}

/// A column names the object's parent: when that is deleted, the object is gone.
#[derive(Debug)]
pub(crate) struct Parent {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
}

/// A table of the elements of a list.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// The field of the object that is the list.
    pub(crate) list: &'static str,
    /// The column that names the object.
    pub(crate) owner: &'static str,
    /// Between the `id` and nothing: the owner's object has the rest.
    pub(crate) columns: &'static [Column],
}

/// One object, or a list of objects, inside another.
#[derive(Debug)]
pub(crate) struct Contained {
    pub(crate) table: &'static Table,
    pub(crate) field: &'static str,
    /// Fields that the inner object lacks: its name for each, and the outer object's.
    pub(crate) inherited: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    pub(crate) is_indexed: bool,
    /// The version of the schema that added it.
    pub(crate) since: usize,
}

/// Where a column's value is in the object.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// Fields separated by dots; of several paths, separated by `|`, the first that has a value.
    Path(&'static str),
    /// The field `field` of the element of `list` whose `id` is the object's field `id`.
    Element {
        list: &'static str,
        id: &'static str,
        field: &'static str,
    },
}

impl Column {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            source: Source::Path(name),
            is_indexed: false,
            since: 1,
        }
    }

    pub(crate) const fn key(name: &'static str) -> Self {
        Self::new(name, Kind::Key)
    }

    pub(crate) const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text)
    }

    pub(crate) const fn integer(name: &'static str) -> Self {
        Self::new(name, Kind::Integer)
    }

    pub(crate) const fn boolean(name: &'static str) -> Self {
        Self::new(name, Kind::Boolean)
    }

    pub(crate) const fn timestamp(name: &'static str) -> Self {
        Self::new(name, Kind::Timestamp)
    }

    pub(crate) const fn json(name: &'static str) -> Self {
        Self::new(name, Kind::Json)
    }

    pub(crate) const fn at(mut self, path: &'static str) -> Self {
        self.source = Source::Path(path);
        self
    }

    pub(crate) const fn of_element(
        mut self,
        list: &'static str,
        id: &'static str,
        field: &'static str,
    ) -> Self {
        self.source = Source::Element { list, id, field };
        self
    }

    pub(crate) const fn indexed(mut self) -> Self {
        self.is_indexed = true;
        self
    }
}

/// What the mirror knows about objects that have no row.
pub(crate) const TOMBSTONES: &str = "mirror_tombstones";

/// The columns that every table of objects has after its own: the object, and its version.
pub(crate) const OBJECT: &str = "object";
pub(crate) const VERSION_AT: &str = "version_at";
pub(crate) const VERSION_SENT_AT: &str = "version_sent_at";
pub(crate) const VERSION_MESSAGE_ID: &str = "version_message_id";

pub(crate) const VERSION: [(&str, Kind); 3] = [
    (VERSION_AT, Kind::Integer),
    (VERSION_SENT_AT, Kind::Integer),
    (VERSION_MESSAGE_ID, Kind::Text),
];

impl Table {
    /// All columns, in the order of the table.
    pub(crate) fn all_columns(&self) -> Vec<(&'static str, Kind)> {
        let own = self.columns.iter().map(|column| (column.name, column.kind));
        let object = [("id", Kind::Key)].into_iter().chain(own);
        object
            .chain([(OBJECT, Kind::Json)])
            .chain(VERSION)
            .collect()
    }
}

impl Part {
    /// All columns, in the order of the table.
    pub(crate) fn all_columns(&self) -> Vec<(&'static str, Kind)> {
        let own = self.columns.iter().map(|column| (column.name, column.kind));
        let keys = [(self.owner, Kind::Key), ("id", Kind::Key)];
        keys.into_iter().chain(own).collect()
    }
}
