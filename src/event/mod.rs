//! [`ClerkEvent`](crate::ClerkEvent) and Clerk's objects, typed.
//!
//! A body becomes a `ClerkEvent`: the envelope (when, from which instance, caused by which request)
//! around [`EventData`](crate::EventData), an enum with one variant for each
//! [`EventType`](crate::EventType). The variant holds the object that the event carries: a [`User`], a
//! [`Session`], a [`Subscription`]. [`RawClerkEvent`](crate::RawClerkEvent) is the same envelope around
//! data that stays text.
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
//! Real events differ from Clerk's schema, and the schema changes every few weeks. These rules keep
//! every event decodable:
//!
//! - **Unknown is never an error.** Fields that this version does not know are ignored. An unknown type
//!   of event becomes [`EventData::Unknown`](crate::EventData::Unknown), an unknown enum value becomes
//!   the `Unknown` variant of its enum.
//! - **Hardly anything is required**: the id of the object that the event is about, a membership's
//!   organization, a session's user, the address of an e-mail address. All other fields are an `Option`
//!   or a `Vec`. `null` means the same as absent, and an absent list is empty. Text may be `""`, which
//!   stays `Some("")`.
//! - **A value of another JSON type is an error**, a [`DecodeError`] that says where. The event is then
//!   refused, so that the sender retries. [`RawClerkEvent`](crate::RawClerkEvent) can still read it.
//! - **Integers may be written `7.0`**: JSON has no integer type.
//! - **A field with two spellings is read from either**; the documented spelling wins if both have a
//!   value.
//! - **Metadata stays text**: [`RawJson`], parsed into a type of yours when you ask for it.
//!
//! Serializing writes every known field under its documented name, `null` or `[]` where it was absent.
//!
//! Ids are plain `String`s: they come from Clerk and go to a database, and a newtype for each kind would
//! be converted at both ends. All objects are owned, so that handlers can keep and queues can store them.
//!
//! The objects decode inside your own types too: with `serde_json::from_str::<User>`, in internally and
//! adjacently tagged enums, in flattened fields. There the `id` of a [`User`], a [`Permission`] or a
//! [`SubscriptionItem`] is `""` if it is absent; an event without it is refused.
//!
//! `Debug` redacts what grants access: the texts of e-mails and SMS, backup codes, invitation URLs and
//! the nonces of verifications. It prints only the length of raw JSON.

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
