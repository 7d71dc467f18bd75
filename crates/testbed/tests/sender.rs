//! The sender behaves as Svix was seen to: otherwise what passes under it proves nothing.

mod support;

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use clerk_webhooks::{SigningSecret, Verifier};
use clerk_webhooks_testbed::{
    Port,
    sender::{Delivery, Endpoint, Message, Outcome, Redelivery, Report, Schedule, Sender, Verdict},
};
use support::receiver::{Answer, Received, Receiver};
use tokio::sync::Notify;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SEED: u64 = 7;

fn endpoint(secret: &str) -> Endpoint {
    Endpoint::new("/webhooks/clerk", secret).unwrap()
}

fn sender(target: SocketAddr) -> Sender {
    Sender::new(SEED, target, endpoint(SECRET))
}

fn messages(count: usize) -> Vec<Message> {
    Message::several(SEED, count, |n| format!(r#"{{"n":{n}}}"#))
}

/// One message, and what became of it.
async fn deliver_one(sender: Sender) -> Delivery {
    let Report { deliveries, .. } = sender.deliver(messages(1)).await;
    let [delivery] = <[Delivery; 1]>::try_from(deliveries).unwrap();
    delivery
}

fn verifies(request: &Received, secret: &str) -> bool {
    let verifier = Verifier::new(SigningSecret::parse(secret).unwrap());
    let mut headers = http::HeaderMap::new();
    for (name, value) in request.headers() {
        let name = http::HeaderName::try_from(name).unwrap();
        headers.insert(name, value.parse().unwrap());
    }
    let body = request.body().to_vec();
    verifier.verify(&headers, body.into()).is_ok()
}

#[tokio::test]
async fn what_it_sends_verifies() {
    let receiver = Receiver::start(|_, _| Answer::status(204)).await;
    let delivery = deliver_one(sender(receiver.address)).await;
    assert_eq!(delivery.verdict, Verdict::Delivered);
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert!(verifies(&received[0], SECRET));
    assert!(!verifies(&received[0], OTHER_SECRET));
    assert_eq!(received[0].header("svix-id"), delivery.message_id);
}

#[tokio::test]
async fn connections_are_used_again() {
    let receiver = Receiver::start(|_, _| Answer::status(200)).await;
    let report = sender(receiver.address)
        .with_concurrency(1)
        .deliver(messages(20))
        .await;
    assert!(report.not_delivered().next().is_none(), "{report}");
    let connections: HashSet<_> = receiver.received().iter().map(|r| r.connection).collect();
    // The body of an answer may not be read to the end when the next request leaves.
    assert!(connections.len() < 10, "{} connections", connections.len());
}

#[tokio::test]
async fn a_failing_endpoint_gets_eight_attempts_by_the_schedule() {
    let receiver = Receiver::start(|_, _| Answer::status(500)).await;
    let schedule = Schedule::svix(100_000);
    let delivery = deliver_one(sender(receiver.address).with_schedule(schedule)).await;
    assert_eq!(delivery.verdict, Verdict::Exhausted);
    assert_eq!(delivery.statuses(), [Some(500); 8]);

    let received = receiver.received();
    let scheduled = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
    for (number, seconds) in scheduled.into_iter().enumerate() {
        let scheduled = Duration::from_secs(seconds) / 100_000;
        let delay = delivery.attempts[number].delay.unwrap();
        assert!(delay >= scheduled * 79 / 100 && delay <= scheduled * 121 / 100);
        let waited = received[number + 1].at - received[number].at;
        assert!(
            waited >= delay,
            "waited {waited:?} before retry {number}, not {delay:?}"
        );
    }
}

#[tokio::test]
async fn each_attempt_is_signed_afresh_under_the_same_id() {
    let receiver = Receiver::start(|before, _| match before {
        0..3 => Answer::status(503),
        _ => Answer::status(200),
    })
    .await;
    let delivery = deliver_one(sender(receiver.address)).await;
    assert_eq!(delivery.statuses()[3], Some(200));
    let received = receiver.received();
    let (first, last) = (&received[0], &received[3]);
    assert_eq!(first.header("svix-id"), last.header("svix-id"));
    assert_ne!(
        first.header("svix-timestamp"),
        last.header("svix-timestamp")
    );
    assert_ne!(
        first.header("svix-signature"),
        last.header("svix-signature")
    );
    assert!(received.iter().all(|request| verifies(request, SECRET)));
}

#[tokio::test]
async fn what_breaks_at_once_is_sent_again_at_once_and_is_the_same_to_the_byte() {
    let receiver = Receiver::start(|before, _| match before {
        0 => Answer::Close,
        _ => Answer::status(200),
    })
    .await;
    let delivery = deliver_one(sender(receiver.address)).await;
    assert_eq!(delivery.attempts.len(), 1);
    assert!(delivery.attempts[0].resent.is_some());
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].bytes, received[1].bytes);
    assert_ne!(received[0].connection, received[1].connection);
}

#[tokio::test]
async fn garbage_is_a_broken_connection_too() {
    let receiver = Receiver::start(|before, _| match before {
        0 => Answer::Bytes("\0garbage\r\n\r\n".to_owned()),
        _ => Answer::status(200),
    })
    .await;
    let delivery = deliver_one(sender(receiver.address)).await;
    assert!(delivery.attempts[0].resent.is_some());
}

#[tokio::test]
async fn an_attempt_is_sent_again_at_once_only_once() {
    let receiver = Receiver::start(|before, _| match before {
        0..4 => Answer::Close,
        _ => Answer::status(200),
    })
    .await;
    let delivery = deliver_one(sender(receiver.address)).await;
    assert_eq!(delivery.statuses(), [None, None, Some(200)]);
    assert_eq!(delivery.attempts[0].exchanges().count(), 2);
    assert_eq!(delivery.attempts[1].exchanges().count(), 2);
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_at_once() {
    let nobody = Port::reserve().unwrap();
    let schedule = Schedule::svix(1_000_000);
    let delivery = deliver_one(sender(nobody.address()).with_schedule(schedule)).await;
    assert_eq!(delivery.verdict, Verdict::Exhausted);
    let requests = delivery
        .attempts
        .iter()
        .map(|attempt| attempt.exchanges().count());
    assert_eq!(requests.collect::<Vec<_>>(), [2; 8]);
}

#[tokio::test]
async fn what_breaks_after_a_second_waits_for_its_retry() {
    let gate = Arc::new(Notify::new());
    let answered_late = gate.clone();
    let receiver = Receiver::start(move |before, _| match before {
        0 => Answer::Later(answered_late.clone(), "garbage\r\n\r\n".to_owned()),
        _ => Answer::status(200),
    })
    .await;
    let delivery = tokio::spawn(deliver_one(sender(receiver.address)));
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    gate.notify_one();
    let delivery = delivery.await.unwrap();
    assert_eq!(delivery.statuses(), [None, Some(200)]);
    assert!(delivery.attempts[0].resent.is_none());
}

#[tokio::test]
async fn a_timeout_is_retried_after_a_scaled_minute() {
    let receiver = Receiver::start(|before, _| match before {
        0 => Answer::Silence,
        _ => Answer::status(200),
    })
    .await;
    let limit = Duration::from_millis(500);
    let delivery = deliver_one(sender(receiver.address).with_time_limit(limit)).await;
    let first = &delivery.attempts[0];
    assert_eq!(*first.outcome(), Outcome::TimedOut);
    assert!(first.resent.is_none(), "a timeout is no broken connection");
    assert!(first.delay.unwrap() >= Duration::from_millis(47));
    assert_eq!(delivery.statuses(), [None, Some(200)]);
}

#[tokio::test]
async fn retry_after_stretches_the_delay_to_twice_at_most() {
    let receiver = Receiver::start(|before, _| match before {
        0..3 => Answer::with_headers(503, "Retry-After: 86400\r\n"),
        _ => Answer::status(200),
    })
    .await;
    let schedule = Schedule::svix(10_000);
    let delivery = deliver_one(sender(receiver.address).with_schedule(schedule)).await;
    let third = delivery.attempts[2].delay.unwrap();
    assert!(third >= Duration::from_millis(360 * 79 / 100), "{third:?}");
    assert!(third <= Duration::from_millis(360 * 121 / 100), "{third:?}");
}

#[tokio::test]
async fn abort_message_ends_the_delivery() {
    let answer = |_: usize, _: &_| Answer::with_headers(422, "webhook-delivery: abort-message\r\n");
    let receiver = Receiver::start(answer).await;
    let delivery = deliver_one(sender(receiver.address)).await;
    assert_eq!(delivery.verdict, Verdict::Aborted);
    assert_eq!(delivery.statuses(), [Some(422)]);

    let schedule = Schedule::svix(1_000_000);
    let ignoring = sender(receiver.address)
        .with_schedule(schedule)
        .ignoring_abort();
    assert_eq!(deliver_one(ignoring).await.attempts.len(), 8);
}

#[tokio::test]
async fn the_head_of_an_answer_is_enough() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
    let receiver = Receiver::start(move |_, _| Answer::Bytes(head.to_owned())).await;
    let delivery = deliver_one(sender(receiver.address)).await;
    assert_eq!(delivery.statuses(), [Some(200)]);
}

#[tokio::test]
async fn a_redirect_is_a_failure() {
    let receiver = Receiver::start(|before, _| match before {
        0 => Answer::with_headers(308, "location: /elsewhere\r\n"),
        _ => Answer::status(200),
    })
    .await;
    let delivery = deliver_one(sender(receiver.address)).await;
    assert_eq!(delivery.statuses(), [Some(308), Some(200)]);
}

#[tokio::test]
async fn every_message_comes_one_to_five_times() {
    let receiver = Receiver::start(|_, _| Answer::status(200)).await;
    let redelivery = Redelivery::times(1..=5).with_within(Duration::from_millis(20));
    let report = sender(receiver.address)
        .with_redelivery(redelivery)
        .deliver(messages(200))
        .await;
    let mut deliveries = HashMap::new();
    for request in receiver.received() {
        *deliveries.entry(request.header("svix-id")).or_insert(0) += 1;
    }
    assert_eq!(deliveries.len(), 200);
    let counts: HashSet<_> = deliveries.into_values().collect();
    assert_eq!(counts, HashSet::from([1, 2, 3, 4, 5]));
    assert!(report.not_delivered().next().is_none(), "{report}");
}

#[tokio::test]
async fn a_message_comes_again_while_its_first_delivery_runs() {
    let gate = Arc::new(Notify::new());
    let (held, opener) = (gate.clone(), gate.clone());
    let receiver = Receiver::start(move |before, _| match before {
        0 => Answer::later(&held, 200),
        _ => {
            opener.notify_one();
            Answer::status(409)
        }
    })
    .await;
    let again = Redelivery::times(2..=2).with_overlapping(1.0);
    let schedule = Schedule::svix(1_000_000);
    let report = sender(receiver.address)
        .with_redelivery(again)
        .with_schedule(schedule)
        .deliver(messages(1))
        .await;
    assert_eq!(report.deliveries[0].statuses(), [Some(200)]);
    assert_eq!(report.deliveries[1].statuses(), [Some(409); 8]);
}

#[tokio::test]
async fn a_message_comes_again_after_it_was_accepted() {
    let receiver = Receiver::start(|_, _| Answer::status(200)).await;
    let again = Redelivery::times(2..=2)
        .with_overlapping(0.0)
        .with_within(Duration::from_millis(20));
    let report = sender(receiver.address)
        .with_redelivery(again)
        .deliver(messages(1))
        .await;
    let [first, second] = [0, 1].map(|copy: usize| &report.deliveries[copy].attempts[0].first);
    assert!(first.started_at + first.took <= second.started_at);
}

#[tokio::test]
async fn every_endpoint_gets_the_message_under_the_same_id_and_its_own_secret() {
    let receiver = Receiver::start(|_, _| Answer::status(200)).await;
    let both = sender(receiver.address).with_endpoint(endpoint(OTHER_SECRET));
    both.deliver(messages(1)).await;
    let received = receiver.received();
    let verified = |secret| received.iter().filter(|r| verifies(r, secret)).count();
    assert_eq!([SECRET, OTHER_SECRET].map(verified), [1, 1]);
    assert_eq!(received[0].header("svix-id"), received[1].header("svix-id"));
    let apart = received[1].at - received[0].at;
    assert!(apart < Duration::from_millis(500), "{apart:?} apart");
}

#[tokio::test]
async fn every_target_gets_requests() {
    let one = Receiver::start(|_, _| Answer::status(200)).await;
    let other = Receiver::start(|_, _| Answer::status(200)).await;
    let both = sender(one.address).with_target(other.address);
    both.deliver(messages(40)).await;
    let counts = [&one, &other].map(|receiver| receiver.received().len());
    assert!(counts.iter().all(|count| *count > 5), "{counts:?}");
    assert_eq!(counts.iter().sum::<usize>(), 40);
}

#[tokio::test]
async fn no_more_is_in_flight_than_allowed_and_all_of_it_is_counted() {
    let gate = Arc::new(Notify::new());
    let held = gate.clone();
    let receiver = Receiver::start(move |_, _| Answer::later(&held, 200)).await;
    let sender = sender(receiver.address).with_concurrency(5);
    let in_flight = sender.in_flight();
    let delivering = tokio::spawn(async move { sender.deliver(messages(20)).await });
    let most = AtomicUsize::new(0);
    while !delivering.is_finished() {
        let now = in_flight.at(receiver.address);
        assert_eq!(in_flight.total(), now);
        most.fetch_max(now, Ordering::Relaxed);
        if now > 0 && receiver.received().len() >= 5 {
            gate.notify_one();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(most.into_inner(), 5);
    assert_eq!(in_flight.total(), 0);
    assert_eq!(receiver.received().len(), 20);
}

#[tokio::test]
async fn messages_are_spread_over_the_time_given() {
    let receiver = Receiver::start(|_, _| Answer::status(200)).await;
    let started = Instant::now();
    sender(receiver.address)
        .with_spread(Duration::from_millis(400))
        .deliver(messages(50))
        .await;
    let received = receiver.received();
    let early = |request: &&Received| request.at - started < Duration::from_millis(200);
    let early = received.iter().filter(early).count();
    assert!((5..45).contains(&early), "{early} of 50 in the first half");
    let ids: Vec<_> = received.iter().map(|r| r.header("svix-id")).collect();
    let as_made: Vec<_> = messages(50).iter().map(|m| m.id().to_owned()).collect();
    assert_ne!(ids, as_made, "in random order");
}

#[tokio::test]
async fn the_same_seed_makes_the_same_decisions() {
    let receiver = Receiver::start(|_, _| Answer::status(500)).await;
    let run = async |seed| {
        let sender = Sender::new(seed, receiver.address, endpoint(SECRET))
            .with_schedule(Schedule::svix(1_000_000))
            .with_redelivery(Redelivery::times(1..=5).with_within(Duration::ZERO));
        let mut decisions: Vec<_> = sender
            .deliver(messages(5))
            .await
            .deliveries
            .iter()
            .map(|delivery| {
                let delays: Vec<_> = delivery.attempts.iter().map(|a| a.delay).collect();
                (delivery.message_id.clone(), delivery.copy, delays)
            })
            .collect();
        decisions.sort();
        decisions
    };
    assert_eq!(run(7).await, run(7).await);
    assert_ne!(run(7).await, run(8).await);
}
