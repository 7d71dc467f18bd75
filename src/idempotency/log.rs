//! Log lines about a delivery. Each has the message id and the event's type.

/// Not for lines that every successful delivery logs, because the event's type is parsed from the body.
macro_rules! log {
    ($level:ident, $delivery:expr, $($rest:tt)+) => {{
        let delivery = $delivery;
        let body = delivery.verified.raw_body();
        ::tracing::$level!(
            target: "clerk_webhooks",
            message_id = delivery.key.message_id(),
            event_type = $crate::event::decode::envelope::event_type_of(body).as_ref().map(|it| it.as_str()),
            scope = delivery.key.scope(),
            $($rest)+
        )
    }};
}

pub(super) use log;
