//! Clerk's events, typed: [`ClerkEvent`], its [`EventData`], and the objects inside.

// One export path per type: `event::User`, never `event::user::User`.
mod billing;
mod decode;
mod deleted;
mod domain;
mod enterprise_account;
mod error;
#[allow(clippy::module_inception)]
mod event;
mod external_account;
mod identification;
mod invitation;
mod json_number;
mod lenient;
mod locate;
mod membership;
mod message;
mod object;
mod object_type;
mod open_enum;
mod organization;
mod path;
mod payment;
mod raw;
mod raw_json;
mod role;
mod session;
mod subscription;
mod timestamp;
mod types;
mod unknown;
mod user;
mod verification;
mod waitlist;

#[expect(
    unused_imports,
    reason = "the extractor's way to a type of the user's own"
)]
#[allow(unused_imports, reason = "see there")]
pub(crate) use self::decode::decode_json;
use self::object::EventObject;
pub use self::{
    billing::{
        BillingAmount, BillingInterval, BillingPayer, PayerCredit, Plan, ProrationCredit,
        SubscriptionCredits, UnitPrice, UnitPriceTier,
    },
    deleted::DeletedObject,
    domain::{DomainVerification, EnrollmentMode, OrganizationDomain},
    enterprise_account::{
        EnterpriseAccount, EnterpriseConnection, EnterpriseProtocol, SamlAccount, SamlConnection,
        ScimUserMetadata,
    },
    error::{DecodeError, DecodeErrorKind},
    event::{ClerkEvent, EventAttributes, HttpRequest},
    external_account::ExternalAccount,
    identification::{EmailAddress, IdentificationLink, Passkey, PhoneNumber, Web3Wallet},
    invitation::{Invitation, InvitationStatus, OrganizationInvitation, PublicInviterData},
    json_number::JsonNumber,
    membership::{OrganizationMembership, PublicUserData, UserMembership},
    message::{Email, SmsMessage},
    object_type::ObjectType,
    organization::{Organization, PublicOrganizationData},
    payment::{
        BillingPayee, BillingTotals, BillingUnitTotal, ChargeType, PaymentAttempt,
        PaymentAttemptStatus, PaymentFailedReason, PaymentMethod, PaymentSource,
        PaymentSourceStatus,
    },
    raw::RawClerkEvent,
    raw_json::RawJson,
    role::{Permission, Role},
    session::{Session, SessionActivity, SessionStatus},
    subscription::{
        BillingSeats, Subscription, SubscriptionItem, SubscriptionItemStatus, SubscriptionStatus,
    },
    timestamp::Timestamp,
    types::{EventData, EventType},
    unknown::UnknownEvent,
    user::User,
    verification::{ClerkError, Verification, VerificationStatus, VerificationStrategy},
    waitlist::{WaitlistEntry, WaitlistEntryStatus},
};
