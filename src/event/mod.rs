//! Clerk's events, typed.
//!
//! A body becomes a [`ClerkEvent`]: the envelope (when, from which instance, by whose request)
//! around [`EventData`], an enum with one variant for each of the [types of event](EventType) and
//! the object that it carries: a [`User`], a [`Session`], a [`Subscription`]. [`RawClerkEvent`] is
//! the same envelope around data that stays text.
//!
//! ```
//! use clerk_webhooks::{ClerkEvent, EventData};
//!
//! # let body = br#"{"type": "user.created", "data": {"id": "user_1"}}"#;
//! let event = ClerkEvent::from_slice(body)?;
//! match &event.data {
//!     EventData::UserCreated(user) | EventData::UserUpdated(user) => {
//!         println!("store {} as of {:?}", user.id, event.occurred_at());
//!     }
//!     EventData::UserDeleted(user) => println!("delete {}", user.id),
//!     _ => {}
//! }
//! # Ok::<(), clerk_webhooks::event::DecodeError>(())
//! ```
//!
//! # How Clerk's JSON becomes these types
//!
//! Real events differ from Clerk's schema, and the schema changes every few weeks. So that none of
//! them is lost:
//!
//! - **Nothing unknown is an error.** Fields that this version does not know are passed over, an
//!   unknown type of event becomes [`EventData::Unknown`], an unknown word in a list becomes the
//!   `Unknown` of its enum.
//! - **Hardly anything is required**: the id of what the event is about, a membership's
//!   organization and user, a session's user, an e-mail address and its id. All else is an `Option`
//!   or a `Vec`; `null` means the same as absent, and absent and empty lists are the same. Text may
//!   be `""`, which stays `Some("")`.
//! - **A value of another JSON type is an error**, a [`DecodeError`] that says where. Such an event
//!   is not handed over half-read: refused, it is sent again, and [`RawClerkEvent`] reads it
//!   meanwhile.
//! - **What has two spellings is read from either**; the documented one wins if both have a value.
//! - **Metadata and the like stay text**: [`RawJson`], parsed into a type of yours when you ask for
//!   it.
//!
//! Serializing writes every known field under its documented name, `null` or `[]` where it was
//! absent: what is read and written keeps every known field and value.
//!
//! Ids are plain `String`s: they come from Clerk and go to a database, and a newtype for each kind
//! would be converted at both ends. All objects are owned, so that handlers can keep and queues can
//! store them.
//!
//! The objects decode inside of your own types too (`serde_json::from_str::<User>`, internally and
//! adjacently tagged enums, flattened fields).

// One export path per type: `event::User`, never `event::object::user::User`.
pub(crate) mod data;
pub(crate) mod decode;
#[expect(
    clippy::module_inception,
    reason = "the room's main thing bears its name"
)]
pub(crate) mod event;
pub(crate) mod object;
pub(crate) mod raw;
pub(crate) mod types;
pub(crate) mod unknown;
pub(crate) mod value;

pub use self::{
    decode::error::{DecodeError, DecodeErrorKind},
    event::{EventAttributes, HttpRequest},
    object::{
        billing::{
            BillingAmount, BillingInterval, BillingPayer, PayerCredit, Plan, ProrationCredit,
            SubscriptionCredits, UnitPrice, UnitPriceTier,
        },
        deleted::DeletedObject,
        domain::{DomainVerification, EnrollmentMode, OrganizationDomain},
        enterprise_account::{
            EnterpriseAccount, EnterpriseConnection, EnterpriseProtocol, SamlAccount,
            SamlConnection, ScimUserMetadata,
        },
        external_account::ExternalAccount,
        identification::{EmailAddress, IdentificationLink, Passkey, PhoneNumber, Web3Wallet},
        invitation::{Invitation, InvitationStatus, OrganizationInvitation, PublicInviterData},
        membership::{OrganizationMembership, PublicUserData, UserMembership},
        message::{Email, SmsMessage},
        object_type::ObjectType,
        organization::{Organization, PublicOrganizationData},
        payment::{
            BillingPayee, BillingTotals, BillingUnitTotal, ChargeType, PaymentAttempt,
            PaymentAttemptStatus, PaymentFailedReason, PaymentMethod, PaymentSource,
            PaymentSourceStatus,
        },
        role::{Permission, Role},
        session::{Session, SessionActivity, SessionStatus},
        subscription::{
            BillingSeats, Subscription, SubscriptionItem, SubscriptionItemStatus,
            SubscriptionStatus,
        },
        user::User,
        verification::{ClerkError, Verification, VerificationStatus, VerificationStrategy},
        waitlist::{WaitlistEntry, WaitlistEntryStatus},
    },
    unknown::UnknownEvent,
    value::{
        json_number::JsonNumber, open_enum::UnknownValue, raw_json::RawJson, timestamp::Timestamp,
    },
};
