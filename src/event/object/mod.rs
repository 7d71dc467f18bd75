//! Clerk's objects, one file for each family.

pub(crate) mod billing;
pub(crate) mod deleted;
pub(crate) mod domain;
pub(crate) mod enterprise_account;
pub(crate) mod event_object;
pub(crate) mod external_account;
pub(crate) mod identification;
pub(crate) mod invitation;
pub(crate) mod membership;
pub(crate) mod message;
pub(crate) mod object_type;
pub(crate) mod organization;
pub(crate) mod payment;
pub(crate) mod role;
pub(crate) mod session;
pub(crate) mod subscription;
pub(crate) mod user;
pub(crate) mod verification;
pub(crate) mod waitlist;
