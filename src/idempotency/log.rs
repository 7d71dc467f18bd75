//! What operators read about a delivery: each line with its message id and the event's type.

/// The type is read from the body: not for lines on the path of success.
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
