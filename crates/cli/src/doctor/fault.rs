//! The table of faults.

use crate::codes::codes;

codes! {
    /// What is wrong with an endpoint's wiring. `docs/reasons.md` lists every fault.
    ///
    /// ```
    /// use clerk_webhooks_cli::doctor::Fault;
    ///
    /// assert_eq!(Fault::AcceptsForged.code(), "accepts_forged");
    /// assert!(Fault::BodyReadFirst.is_advice());
    /// ```
    pub enum Fault;
    TooSlow = "too_slow",
        "There is no answer in time: the sender waits 15 seconds and then tries again.",
        "Answer first and work later, from a queue; or find what holds the answer up.";
    Redirect = "redirect",
        "The endpoint redirects. The sender does not follow.",
        "Register the final URL at Clerk, with its scheme, host and slash at the end.";
    WrongPath = "wrong_path",
        "Nothing is at this path.",
        "Compare it with the route: a prefix of a nested router, a slash at the end, a path that a proxy removes.";
    WrongMethod = "wrong_method",
        "The path takes no POST.",
        "Route POST to the receiver: with axum, `post(on_event)`.";
    MissingSetup = "missing_setup",
        "The route has no layer, so the receiver answers 500 to everything.",
        "Put `ClerkWebhookLayer` on this method route, by `route_layer`; the log line names what is missing.";
    BadGateway = "bad_gateway",
        "A proxy answers that it does not reach the service.",
        "Start the service, and compare its address with the proxy's configuration.";
    ServerError = "server_error",
        "Everything that is posted is answered with a server error.",
        "Read the service's log: it fails before it verifies, perhaps for want of the secret.";
    AnswersEverything = "answers_everything",
        "Everything is answered 2xx, even a GET and another path: this is not the receiver.",
        "Look for a page for all paths, such as of a single-page app, that comes before the route.";
    AuthInFront = "auth_in_front",
        "Something in front asks for a login. The sender has none.",
        "Take this route out of the session or API-key middleware: the signature is its login.";
    HtmlInFront = "html_in_front",
        "The answer is an HTML page: a proxy, a firewall or a framework's error page refuses the delivery.",
        "Read the page, and let POSTs to this path through.";
    AcceptsForged = "accepts_forged",
        "A forged delivery is accepted: anyone can send events.",
        "Verify the signature before the handler: put `ClerkWebhookLayer` on this route.";
    AcceptsUnsigned = "accepts_unsigned",
        "A delivery without signature headers is accepted, although a forged one is refused: anyone can send events.",
        "Refuse a request without the three headers. Do not make the verification optional.";
    AcceptsStale = "accepts_stale",
        "A delivery of one hour ago is accepted: whoever records one can send it again.",
        "Check `svix-timestamp`: five minutes are usual.";
    NoBodyLimit = "no_body_limit",
        "A body of 3 MiB is accepted, more than the sender ever sends.",
        "Limit the body to 2 MiB.";
    RefusesWith5xx = "refuses_with_5xx",
        "A delivery that must be refused is answered with a server error.",
        "Answer 400: a server error sets off alarms, and the sender tries again for more than a day.";
    RefusesDuplicate = "refuses_duplicate",
        "The same delivery is refused when it comes again. The sender repeats deliveries whose answer was lost.",
        "Answer a duplicate 2xx, and let the handler not run again.";
    OtherSecret = "other_secret",
        "A genuine delivery is refused like a forged one: the endpoint has another secret, or its headers or body are \
         changed on the way.",
        "Compare the secret with the endpoint's Signing Secret in Clerk's dashboard; then record a delivery, and run \
         `clerk-webhooks explain`.";
    BodyReserialised = "body_reserialised",
        "Something in front parses the body and prints it again, so that the signature does not match.",
        "Verify the raw bytes, before anything parses the body.";
    BodyLost = "body_lost",
        "Something in front reads the body, and leaves none to verify.",
        "Put the verification first; no middleware may read the body before it.";
    HeadersLost = "headers_lost",
        "The signature headers do not reach the receiver.",
        "Let the proxy pass on `svix-id`, `svix-timestamp` and `svix-signature`.";
    ClockWrong = "clock_wrong",
        "The receiver says that a delivery of this moment is too old or too new.",
        "Set the receiver's clock, by NTP.";
    HandlerFails = "handler_fails",
        "A genuine delivery is verified, but the handler answers with a server error.",
        "Read the receiver's log. A handler must accept types that it does not know; --event sends one that it knows.";
    RefusesGenuine = "refuses_genuine",
        "A genuine delivery is verified, but then refused.",
        "Read the receiver's log. A handler must accept types that it does not know; --event sends one that it knows.";
    LayerAroundRouter = "layer_around_router",
        "The layer is around the whole router: another path gets a refusal instead of 404. That is safe, but hides \
         wrong paths.",
        "Put it on the method route, by `route_layer`.";
    LayerAroundMethods = "layer_around_methods",
        "The layer is around all methods of the route: a GET gets a refusal instead of 405. That is safe, but hides \
         wrong methods.",
        "Put it on the method route, by `route_layer`.";
    BodyReadFirst = "body_read_first",
        "The body is read before the headers are judged: strangers decide how much is read.",
        "Judge the headers first, as `ClerkWebhookLayer` does. A proxy that buffers bodies looks the same.";
}

impl Fault {
    /// Whether the endpoint works and is safe in spite of it.
    #[must_use]
    pub fn is_advice(self) -> bool {
        matches!(
            self,
            Self::LayerAroundRouter | Self::LayerAroundMethods | Self::BodyReadFirst
        )
    }
}
