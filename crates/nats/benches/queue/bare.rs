//! The client's own publish of the same bytes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use clerk_webhooks_nats::async_nats::jetstream::{
    Context,
    message::PublishMessage,
    stream::{Config, DiscardPolicy, RetentionPolicy},
};

use crate::{
    BoxError,
    contenders::{Contender, queued},
};

/// The client alone, on a stream with the same settings.
#[derive(Clone)]
pub(crate) struct Bare {
    context: Context,
    subject: String,
}

impl Bare {
    pub(crate) async fn new(context: &Context, name: &str) -> Result<Self, BoxError> {
        let subject = format!("{name}_bare.clerk");
        let stream = context.create_stream(Config {
            name: format!("{name}_bare"),
            subjects: vec![subject.clone()],
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            duplicate_window: Duration::from_secs(3 * 24 * 3600),
            ..Config::default()
        });
        stream.await?;
        Ok(Self {
            context: context.clone(),
            subject,
        })
    }
}

/// With a message id: deduplication is a part of what is asked for.
pub(crate) fn publish(bare: Bare) -> Arc<Contender> {
    Contender::new("publish", move |delivery| {
        let (bare, event) = (bare.clone(), queued(&delivery));
        let body = Bytes::from(serde_json::to_vec(&event).expect("it is JSON"));
        async move {
            let message = PublishMessage::build().payload(body);
            let message = message.message_id(format!("clerk/{}", event.message_id()));
            let acknowledged = bare.context.send_publish(bare.subject, message).await?;
            match acknowledged.await?.duplicate {
                false => Ok(()),
                true => Err("a duplicate is measured".into()),
            }
        }
    })
}
