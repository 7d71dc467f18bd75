//! What [`explain`](super::explain()) finds out.

use clerk_webhooks::verify::VerifyErrorKind;
use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::cause::Cause;

/// What to do if no cause is found.
pub(crate) const UNKNOWN: &str =
    "no cause found: every usual damage was undone, and no signature matched";
pub(crate) const NEXT_STEPS: &str = "compare the secret with the Signing Secret of the endpoint that sent this delivery (Clerk's \
    dashboard, Webhooks); give other secrets with --other-secret-env; a forged delivery looks the same";

/// What is known about a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// What the receiver says.
    pub verdict: Verdict,
    /// The causes, proved ones before suspected ones. Empty if the verdict is `Verified`, or if the cause is unknown.
    pub findings: Vec<Finding>,
}

/// What a receiver with these secrets says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It accepts the delivery, with the secret of this label.
    Verified(String),
    /// It refuses the delivery.
    Refused {
        /// The reason.
        kind: VerifyErrorKind,
        /// What the receiver logs.
        text: String,
    },
    /// It does not start, because a secret is not a signing secret. Says why.
    NoVerifier(String),
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The cause.
    pub cause: Cause,
    /// How certain it is.
    pub certainty: Certainty,
    /// What shows it. It holds no secret, no signature and nothing of the body.
    pub evidence: String,
}

/// How certain a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// With this undone, the signature matches.
    Proved,
    /// The evidence points to it.
    Suspected,
}

impl Diagnosis {
    /// Whether the delivery is refused and nothing shows why.
    ///
    /// ```
    /// use clerk_webhooks_cli::{SecretText, capture::CapturedDelivery, explain::{Circumstances, explain}};
    ///
    /// let signature = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    /// let headers = [("svix-id", "msg_1"), ("svix-timestamp", "1614265330"), ("svix-signature", signature)];
    /// let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    /// let secret = SecretText::new("SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    /// let forged = CapturedDelivery::new(headers, "{}");
    /// let when = Circumstances::of_secrets(vec![secret]).with_arrival_at_unix_seconds(1_614_265_330);
    /// assert!(explain(&forged, &when).is_unknown());
    /// ```
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.findings.is_empty() && !self.is_verified()
    }

    /// Whether the receiver accepts the delivery.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        matches!(self.verdict, Verdict::Verified(_))
    }
}

impl Finding {
    pub(super) fn proved(cause: Cause, evidence: impl Into<String>) -> Self {
        Self {
            cause,
            certainty: Certainty::Proved,
            evidence: evidence.into(),
        }
    }

    pub(super) fn suspected(cause: Cause, evidence: impl Into<String>) -> Self {
        Self {
            cause,
            certainty: Certainty::Suspected,
            evidence: evidence.into(),
        }
    }
}

/// `cause` (its code), `certainty`, `what`, `evidence` and `cure`.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Finding", 5)?;
        fields.serialize_field("cause", self.cause.code())?;
        fields.serialize_field("certainty", &self.certainty)?;
        fields.serialize_field("what", self.cause.what())?;
        fields.serialize_field("evidence", &self.evidence)?;
        fields.serialize_field("cure", self.cause.cure())?;
        fields.end()
    }
}
