//! Clerk's events, typed: [`ClerkEvent`], its [`EventData`], and the objects inside.

// One export path per type: `event::User`, never `event::user::User`.
mod decode;
mod deleted;
mod enterprise_account;
mod error;
#[allow(clippy::module_inception)]
mod event;
mod external_account;
mod identification;
mod json_number;
mod lenient;
mod locate;
mod membership;
mod object;
mod object_type;
mod open_enum;
mod organization;
mod path;
mod raw;
mod raw_json;
mod session;
mod timestamp;
mod types;
mod unknown;
mod user;
mod verification;

#[expect(
    unused_imports,
    reason = "the extractor's way to a type of the user's own"
)]
pub(crate) use self::decode::decode_json;
use self::object::EventObject;
pub use self::{
    deleted::DeletedObject,
    enterprise_account::{
        EnterpriseAccount, EnterpriseConnection, EnterpriseProtocol, SamlAccount, SamlConnection,
        ScimUserMetadata,
    },
    error::{DecodeError, DecodeErrorKind},
    event::{ClerkEvent, EventAttributes, HttpRequest},
    external_account::ExternalAccount,
    identification::{EmailAddress, IdentificationLink, Passkey, PhoneNumber, Web3Wallet},
    json_number::JsonNumber,
    membership::{OrganizationMembership, PublicUserData, UserMembership},
    object_type::ObjectType,
    organization::{Organization, PublicOrganizationData},
    raw::RawClerkEvent,
    raw_json::RawJson,
    session::{Session, SessionActivity, SessionStatus},
    timestamp::Timestamp,
    types::{EventData, EventType},
    unknown::UnknownEvent,
    user::User,
    verification::{ClerkError, Verification, VerificationStatus, VerificationStrategy},
};
