//! Senders that take their time.

use std::time::Duration;

use tower_http::timeout::RequestBodyDeadlineLayer;

use crate::{
    BODY, KIB, SMALL, alone,
    connection::{head, in_chunks_of},
    forged_of,
    server::{Expected, Server, Then, clerk},
    signed, signed_of,
};

const PAUSE: Duration = Duration::from_millis(2);

#[test]
fn a_byte_at_a_time_is_served_when_it_is_complete() {
    alone(async {
        let mut server = Server::start().await;
        let head = head(&signed(), &format!("content-length: {}", BODY.len()));
        let expected = Expected {
            fault: "a byte at a time, no deadline".to_owned(),
            status: 204,
            then: Then::Stays,
            peak_at_most: SMALL,
        };
        server
            .suffer(expected, async |connection| {
                connection.send(head).await;
                connection.trickle(BODY.bytes(), PAUSE).await;
                connection.status().await
            })
            .await;
    });
}

/// It never ends by itself, and no pause in it is long.
#[test]
fn a_byte_at_a_time_is_cut_off_by_a_deadline_outside() {
    alone(async {
        let mut server = Server::start_with(|route| {
            let deadline = RequestBodyDeadlineLayer::new(Duration::from_millis(200));
            route.route_layer(clerk()).route_layer(deadline)
        })
        .await;
        for (framing, endless) in [
            ("content-length: 2000000", &b" "[..]),
            ("transfer-encoding: chunked", b"1\r\n \r\n"),
        ] {
            let head = head(&signed(), framing);
            let expected = Expected {
                fault: format!("a byte at a time for ever, deadline, `{framing}`"),
                status: 400,
                then: Then::Closes,
                peak_at_most: SMALL,
            };
            server
                .suffer(expected, async |connection| {
                    connection.send(head).await;
                    connection
                        .trickle(endless.iter().copied().cycle(), PAUSE)
                        .await;
                    connection.status().await
                })
                .await;
        }
    });
}

/// Fast, but in as many frames as there are bytes.
#[test]
fn chunks_of_one_byte_cost_no_more_memory_than_others() {
    alone(async {
        let mut server = Server::start().await;
        let bytes = 256 * KIB;
        for (kind, delivery, status) in [
            ("genuine", signed_of(bytes), 204),
            ("forged", forged_of(bytes), 400),
        ] {
            let request = in_chunks_of(1, &delivery);
            let expected = Expected {
                fault: format!("256 KiB in chunks of one byte, {kind}"),
                status,
                then: Then::Stays,
                peak_at_most: 2 * bytes + 2 * crate::HYPER_BUFFER + SMALL,
            };
            server
                .suffer(expected, async |connection| {
                    connection.exchange(&request).await
                })
                .await;
        }
    });
}
