//! The table of causes.

use crate::codes::codes;

codes! {
    /// Why a delivery is refused. `docs/reasons.md` lists every cause.
    ///
    /// ```
    /// use clerk_webhooks_cli::explain::Cause;
    ///
    /// assert_eq!(Cause::BodyPrettyPrinted.code(), "body_pretty_printed");
    /// ```
    pub enum Cause;
    OtherSecret = "other_secret",
        "The delivery is signed with another of the given secrets.",
        "Give the receiver that secret too, until no delivery is signed with it.";
    SecretWhiteSpace = "secret_white_space",
        "The secret has white space, a line break or an invisible character in it.",
        "Copy the Signing Secret again, in one piece, from the endpoint's page in Clerk's dashboard.";
    SecretQuoted = "secret_quoted",
        "The secret has quotation marks around it.",
        "Remove the quotation marks. Docker's --env-file and some dashboards do not remove them.";
    SecretWithName = "secret_with_name",
        "The secret has the variable's name in front of it.",
        "Keep only what follows the `=`.";
    SecretPrefixMissing = "secret_prefix_missing",
        "The secret lacks its start, `whsec_`.",
        "Copy the whole Signing Secret, with `whsec_`.";
    SecretPrefixChanged = "secret_prefix_changed",
        "The secret's start is doubled or not in lower case.",
        "Copy the Signing Secret again: it starts with `whsec_`, once.";
    SecretPercentEncoded = "secret_percent_encoded",
        "The secret is percent-encoded, as in a URL.",
        "Decode it: `%2B` is `+`, `%2F` is `/`, `%3D` is `=`.";
    SecretUrlSafe = "secret_url_safe",
        "The secret is in the URL-safe base64 alphabet.",
        "Replace `-` by `+` and `_` by `/` after `whsec_`, or copy the secret again.";
    SecretPadding = "secret_padding",
        "The secret lost a part of the `=` at its end, or has too many.",
        "Copy the whole Signing Secret again.";
    SecretBase64Twice = "secret_base64_twice",
        "The secret is base64-encoded once more, often by a Kubernetes manifest.",
        "Put the plain text under `stringData`, or encode it only once under `data`.";
    SecretApiKey = "secret_api_key",
        "The secret is a Clerk API key.",
        "Use the endpoint's own Signing Secret (`whsec_...`). If the API key may have leaked, roll it.";
    SecretAsymmetric = "secret_asymmetric",
        "The secret is an Ed25519 key (`whsk_...` or `whpk_...`).",
        "Set the endpoint to symmetric signatures and use its `whsec_...` secret.";
    SecretMalformed = "secret_malformed",
        "The secret is not a signing secret.",
        "Copy the Signing Secret again, whole and unchanged, from the endpoint's page in Clerk's dashboard.";
    SecretOfAnotherEndpoint = "secret_of_another_endpoint",
        "The delivery is signed for another endpoint.",
        "Each endpoint has its own secret. Give the receiver the secrets of all endpoints with its URL.";
    SecretOfAnotherInstance = "secret_of_another_instance",
        "The delivery comes from another Clerk instance, such as development instead of production.",
        "Use the secret of the endpoint in that instance, or delete that endpoint.";
    Ed25519Endpoint = "ed25519_endpoint",
        "The endpoint signs with Ed25519.",
        "Set the endpoint to symmetric signatures: receivers check HMAC-SHA256 only.";

    HeadersLost = "headers_lost",
        "At least one of the three headers is missing.",
        "Let the proxy in front pass on `svix-id`, `svix-timestamp` and `svix-signature`. If all three are missing, \
         something other than Clerk calls this route.";
    HeaderNamesRewritten = "header_names_rewritten",
        "Something in front renames the headers.",
        "Pass on `svix-id`, `svix-timestamp` and `svix-signature` under their own names, with hyphens.";
    HeaderFamiliesMixed = "header_families_mixed",
        "Some of the headers are named `svix-*`, the others `webhook-*`.",
        "Let all three have names of one family; something in front renames or drops some.";
    HeaderDuplicated = "header_duplicated",
        "A header came more than once.",
        "Let the proxy set each header once: `proxy_set_header` or its like adds a second one.";
    HeaderJoined = "header_joined",
        "A header's value was joined with a copy of itself.",
        "Let the proxy pass on each header once.";
    HeaderValueWrapped = "header_value_wrapped",
        "A header's value is in quotation marks or brackets.",
        "Pass on the plain value. Gateways with lists of values need the first of each list.";
    HeaderValuePercentEncoded = "header_value_percent_encoded",
        "A header's value is percent-encoded.",
        "Pass on the plain value.";
    MessageIdChanged = "message_id_changed",
        "The message id in the header is not the one that the sender signed.",
        "Let nothing in front change `svix-id`, such as a gateway's own request id.";
    SignatureRewritten = "signature_rewritten",
        "The signature's text was changed: its `v1,`, its `=` or its alphabet.",
        "Pass on `svix-signature` as it came.";
    SignaturesTooMany = "signatures_too_many",
        "The right signature comes after more signatures than a receiver reads.",
        "Remove the endpoint's expired secrets; a rotation leaves at most a dozen signatures.";
    SignatureUnreadable = "signature_unreadable",
        "The signature header holds no signature of version `v1`.",
        "Look for what changes or shortens `svix-signature`.";

    TimestampOld = "timestamp_old",
        "The timestamp is older than the tolerance.",
        "If the clock is right, this is a replay or a delayed delivery: resend it from Clerk's dashboard.";
    TimestampInFuture = "timestamp_in_future",
        "The timestamp is in the future.",
        "Set the receiver's clock, by NTP.";
    TimestampInMilliseconds = "timestamp_in_milliseconds",
        "The timestamp is in milliseconds or smaller units.",
        "Send and pass on whole seconds since 1970.";
    TimestampReformatted = "timestamp_reformatted",
        "The timestamp was written in another form.",
        "Pass on `svix-timestamp` as text: digits only.";
    TimestampShifted = "timestamp_shifted",
        "The timestamp was moved by a time zone.",
        "Pass on `svix-timestamp` as text; do not convert it to local time.";

    BodyTrailingWhiteSpace = "body_trailing_white_space",
        "White space was added around the body.",
        "Pass on the raw bytes. Shells, editors and template engines add a line break.";
    BodyLostWhiteSpace = "body_lost_white_space",
        "The line break at the end of the body was removed.",
        "Pass on the raw bytes, without trimming.";
    BodyByteOrderMark = "body_byte_order_mark",
        "A byte order mark was put before the body.",
        "Write UTF-8 without a byte order mark.";
    BodyLineEndings = "body_line_endings",
        "The body's line breaks were converted.",
        "Pass on the raw bytes; do not read the body in text mode.";
    BodyPrettyPrinted = "body_pretty_printed",
        "White space was put between the body's parts: it was parsed and printed again.",
        "Verify the raw bytes, before anything parses the body.";
    BodyCompacted = "body_compacted",
        "The white space between the body's parts was removed: it was parsed and printed again.",
        "Verify the raw bytes, before anything parses the body.";
    BodyKeysSorted = "body_keys_reordered",
        "The body's fields have another order: it was parsed and printed again.",
        "Verify the raw bytes, before anything parses the body.";
    BodyEscapesChanged = "body_escapes_changed",
        "Characters in the body's texts are escaped in another way: it was parsed and printed again.",
        "Verify the raw bytes, before anything parses the body.";
    BodyReserialised = "body_reserialised",
        "The body is JSON, but not of the length that its head announces: it was parsed and printed again.",
        "Verify the raw bytes, before anything parses the body.";
    BodyInText = "body_in_text",
        "The body is inside a JSON text: it was encoded twice.",
        "Decode the outer text, or send the raw bytes.";
    BodyInEnvelope = "body_in_envelope",
        "The body is a field of another JSON object, such as the event of a gateway or a queue.",
        "Verify that field alone; decode it first if `isBase64Encoded` is true.";
    BodyBase64 = "body_base64",
        "The body is base64, as serverless platforms pass on binary bodies.",
        "Decode the body before you verify it.";
    BodyFormEncoded = "body_form_encoded",
        "The body is form-encoded.",
        "Pass on the raw bytes: do not read the body as a form.";
    BodyHtmlEscaped = "body_html_escaped",
        "The body is escaped for HTML.",
        "Pass on the raw bytes: no template or input filter before the verification.";
    BodyCompressed = "body_compressed",
        "The body is compressed.",
        "Decompress it before you verify it, or keep the proxy from compressing requests.";
    BodyChunkFraming = "body_chunk_framing",
        "The body still has the sizes of its chunks (`Transfer-Encoding: chunked`) in it.",
        "Read the request with an HTTP library; do not take the body from a network trace.";
    BodyEncoding = "body_encoding",
        "The body was decoded with another character encoding and encoded again.",
        "Pass on the raw bytes, or read and write them as UTF-8.";
    BodyReplacementCharacters = "body_replacement_characters",
        "Bytes of the body were replaced by U+FFFD.",
        "Pass on the raw bytes: do not convert the body to text before the verification.";
    BodyTruncated = "body_truncated",
        "The body ends too early.",
        "Raise the limit that cuts the body, in the receiver or in what is in front of it.";
    BodyLost = "body_lost",
        "The body is empty.",
        "Something reads the body before the verification, or a redirect drops it. Put the verification first.";
    BodyParsed = "body_parsed",
        "The body is a printed object of a programming language.",
        "Verify the raw bytes, before anything parses the body.";
    BodyDecompressed = "body_decompressed",
        "The head announces a compressed body, but the body is not compressed.",
        "Verify the bytes that were signed: a decompressing layer must come after, or the sender signs the plain body.";
}
