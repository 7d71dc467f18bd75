//! All deliveries of one message to one endpoint.

use std::{ops::ControlFlow, sync::Arc};

use fastrand::Rng;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{Delivery, Message, Sender, redelivery::Start};

pub(super) struct Run {
    to: Arc<Destination>,
    rng: Rng,
}

struct Destination {
    sender: Arc<Sender>,
    message: Message,
    endpoint: usize,
}

impl Run {
    pub(super) fn new(sender: Arc<Sender>, message: Message, endpoint: usize, rng: Rng) -> Self {
        let to = Destination {
            sender,
            message,
            endpoint,
        };
        Self {
            to: Arc::new(to),
            rng,
        }
    }

    /// Delivers once from `start` on, and again a random number of times.
    pub(super) async fn deliver(mut self, start: Instant) -> Vec<Delivery> {
        let first = self.to.clone().deliver(0, self.rng.fork());
        let starts = self.to.sender.redelivery().draw(&mut self.rng);
        let (with_the_first, after_the_first): (Vec<_>, Vec<_>) = (1..)
            .zip(starts)
            .partition(|(_, start)| matches!(start, Start::WithTheFirst(_)));

        sleep_until(start).await;
        let mut others = JoinSet::new();
        self.start(with_the_first, &mut others);
        let mut deliveries = vec![first.await];
        self.start(after_the_first, &mut others);
        deliveries.extend(others.join_all().await);
        deliveries
    }

    fn start(&mut self, copies: Vec<(usize, Start)>, others: &mut JoinSet<Delivery>) {
        for (copy, Start::WithTheFirst(delay) | Start::AfterTheFirst(delay)) in copies {
            let delivery = self.to.clone().deliver(copy, self.rng.fork());
            others.spawn(async move {
                sleep(delay).await;
                delivery.await
            });
        }
    }
}

impl Destination {
    /// One delivery: makes attempts by the schedule until one of them is final.
    async fn deliver(self: Arc<Self>, copy: usize, mut rng: Rng) -> Delivery {
        let mut attempts = Vec::new();
        let verdict = loop {
            let (sender, number) = (&self.sender, attempts.len() + 1);
            let mut attempt = sender
                .attempt_at(self.endpoint, &self.message, &mut rng)
                .await;
            let next = sender.next(number, attempt.outcome(), &mut rng);
            attempt.delay = next.continue_value();
            attempts.push(attempt);
            match next {
                ControlFlow::Break(verdict) => break verdict,
                ControlFlow::Continue(delay) => sleep(delay).await,
            }
        };
        Delivery {
            message_id: self.message.id().to_owned(),
            endpoint: self.endpoint,
            copy,
            attempts,
            verdict,
        }
    }
}
