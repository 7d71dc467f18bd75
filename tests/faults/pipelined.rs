//! Requests that follow in one burst on one that is refused.

use std::time::Duration;

use crate::{
    BODY, HYPER_BUFFER, MIB, alone,
    connection::{head, with_length},
    forged_of,
    meter::print,
    server::Server,
    signed, signed_of,
};

/// A refused body that was read, or is here already, is no obstacle.
#[test]
fn a_request_behind_a_refused_one_is_served() {
    alone(async {
        let mut server = Server::start().await;
        let stale = signed().with_age(Duration::from_secs(3600));
        for (fault, refused) in [
            ("forged, 1 MiB, another behind it", forged_of(MIB)),
            ("stale, 46 bytes, another behind it", stale),
        ] {
            let behind = signed().with_message_id("msg_behind");
            let burst = [with_length(&refused), with_length(&behind)].concat();
            let mut connection = server.connect().await;
            let meter = server.meter();
            assert_eq!(connection.exchange(&burst).await, 400);
            assert_eq!(connection.status().await, 204);
            let cost = meter.stop();
            cost.assert_peak_at_most(2 * MIB + 2 * HYPER_BUFFER, fault);
            assert_eq!(server.handled(), ["msg_behind"]);
            server.assert_usable(&mut connection).await;
            print(fault, "400, 204", "stays", &cost);
        }
    });
}

/// What is not read cannot be told from the next request: the connection ends.
#[test]
fn a_request_behind_an_unread_body_is_never_seen() {
    alone(async {
        let mut server = Server::start().await;
        let stale = signed_of(MIB).with_age(Duration::from_secs(3600));
        let too_long = head(&signed(), "content-length: 2097153") + BODY;
        for (fault, refused, status) in [
            ("stale, 1 MiB, another behind it", with_length(&stale), 400),
            (
                "declared too long, another within it",
                too_long.into_bytes(),
                413,
            ),
        ] {
            let burst = [refused, with_length(&signed())].concat();
            let mut connection = server.connect().await;
            let meter = server.meter();
            assert_eq!(connection.exchange(&burst).await, status);
            connection.closed().await;
            let cost = meter.stop();
            cost.assert_peak_at_most(HYPER_BUFFER, fault);
            assert!(server.handled().is_empty());
            server.assert_goes_on().await;
            print(fault, &status.to_string(), "closes", &cost);
        }
    });
}
