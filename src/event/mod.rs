//! [`ClerkEvent`](crate::ClerkEvent) and Clerk's objects as Rust types.
//!
//! The body of a webhook decodes to a `ClerkEvent`. Its envelope says when Clerk created the event, which
//! Clerk instance sent it and which request caused it. Its data is an
//! [`EventData`](crate::EventData), an enum with one variant for each
//! [`EventType`](crate::EventType). The variant holds the object that the event carries, such as a
//! [`User`], a [`Session`] or a [`Subscription`]. [`RawClerkEvent`](crate::RawClerkEvent) has the same
//! envelope, but keeps the data as JSON text.
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
//! Real events differ from Clerk's schema, and the schema changes every few weeks. These rules let
//! such events decode:
//!
//! - **Unknown is never an error.** Unknown fields are ignored. An unknown event type becomes
//!   [`EventData::Unknown`](crate::EventData::Unknown). An unknown enum value becomes the `Unknown`
//!   variant of its enum.
//! - **Few fields are required**: the id of the event's object, the organization of a membership and its
//!   id, the user id of a session and of [`PublicUserData`], and the address in an [`EmailAddress`]. Any
//!   other field may be absent. `null` means the same as absent, and an absent list is empty. An empty
//!   text stays `Some("")`.
//! - **A value of the wrong JSON type is an error.** The [`DecodeError`] says where it is. The event is
//!   refused, and the sender retries. [`RawClerkEvent`](crate::RawClerkEvent) can still read the event.
//! - **Integers may be written as `7.0`**: JSON has no integer type.
//! - **Some fields have two spellings.** Either is read. If both have a value, the documented spelling
//!   wins.
//! - **Metadata stays text.** [`RawJson`] parses it into your own type when you call
//!   [`parse`](RawJson::parse).
//!
//! Serializing writes every known field under its documented name. Absent fields become `null` or `[]`.
//!
//! Ids are plain `String`s. They come from Clerk and go to a database: a newtype for each kind of id
//! would need a conversion at both ends. All objects own their data: a handler can keep them, and a queue
//! can store them.
//!
//! The objects also decode as parts of your own types: with `serde_json::from_str::<User>`, in internally
//! and adjacently tagged enums, and in flattened fields. There, an absent `id` of a [`User`], a
//! [`Permission`] or a [`SubscriptionItem`] becomes `""`. An event whose object has no `id` is refused.
//!
//! `Debug` redacts what grants access: the texts of e-mails and SMS, backup codes, invitation URLs, and
//! the nonce, message and redirect URL of a verification. It prints only the length of raw JSON.

// One export path per type: `event::User`, never `event::object::user::User`.
pub(crate) mod data;
pub(crate) mod decode;
#[expect(
    clippy::module_inception,
    reason = "the main file has the name of its folder"
)]
pub(crate) mod event;
mod json;
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
