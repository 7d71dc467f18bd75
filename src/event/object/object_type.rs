//! [`ObjectType`], Clerk's names for its objects.

use crate::event::value::open_enum::open_enum;

open_enum! {
    /// The `object` field of an object: Clerk's name for its type.
    ///
    /// Decoding does not use it: an object's Rust type depends on the event's type and on the field.
    /// Variants have the names of this crate's types.
    pub enum ObjectType {
        BillingPayer = "commerce_payer",
        Email = "email",
        EmailAddress = "email_address",
        EnterpriseAccount = "enterprise_account",
        ExternalAccount = "external_account",
        FacebookAccount = "facebook_account",
        GoogleAccount = "google_account",
        Invitation = "invitation",
        Organization = "organization",
        OrganizationDomain = "organization_domain",
        OrganizationInvitation = "organization_invitation",
        OrganizationMembership = "organization_membership",
        Passkey = "passkey",
        PaymentAttempt = "commerce_payment_attempt",
        Permission = "permission",
        PhoneNumber = "phone_number",
        Role = "role",
        SamlAccount = "saml_account",
        Session = "session",
        SessionActivity = "session_activity",
        SmsMessage = "sms_message",
        Subscription = "commerce_subscription",
        SubscriptionItem = "commerce_subscription_item" | "subscription_item",
        User = "user",
        VerificationAdmin = "verification_admin",
        VerificationEmailLink = "verification_email_link",
        VerificationFromOauth = "verification_from_oauth",
        VerificationGoogleOneTap = "verification_google_one_tap",
        VerificationOauth = "verification_oauth",
        VerificationOtp = "verification_otp",
        VerificationPasskey = "verification_passkey",
        VerificationSaml = "verification_saml",
        VerificationScim = "verification_scim",
        VerificationTicket = "verification_ticket",
        VerificationWeb3 = "verification_web3",
        WaitlistEntry = "waitlist_entry" | "waitlistEntry",
        Web3Wallet = "web3_wallet",
    }
}
