//! What becomes of a connection after a refusal.

use clerk_webhooks::testing::SignedRequest;

use super::{Server, forged, secret, signed, stale};
use crate::connection::{head, with_length};

#[tokio::test]
async fn a_connection_goes_on_after_a_refusal() {
    let mut server = Server::start().await;
    let mut connection = server.connect().await;
    for (round, refused) in [forged(), stale(), forged(), stale()].iter().enumerate() {
        connection.send(with_length(refused)).await;
        assert_eq!(connection.status().await, 400);
        let message_id = format!("msg_{round}");
        let good = signed().with_message_id(&message_id);
        connection.send(with_length(&good)).await;
        assert_eq!(connection.status().await, 204);
        assert_eq!(server.handled(), [message_id]);
    }
}

#[tokio::test]
async fn requests_in_one_burst_are_judged_one_by_one() {
    let mut server = Server::start().await;
    let mut connection = server.connect().await;
    let burst = [
        forged(),
        signed().with_message_id("msg_1"),
        stale(),
        stale(),
        signed().with_message_id("msg_2"),
        forged(),
    ];
    connection
        .send(burst.each_ref().map(with_length).concat())
        .await;
    for status in [400, 204, 400, 400, 204, 400] {
        assert_eq!(connection.status().await, status);
    }
    assert_eq!(server.handled(), ["msg_1", "msg_2"]);
}

/// A refused request's body is skipped or the connection closed, never read as the next request.
#[tokio::test]
async fn a_request_inside_of_a_refused_body_is_no_request() {
    let mut server = Server::start().await;
    let smuggled = with_length(&signed().with_message_id("msg_smuggled"));
    let carrier = SignedRequest::new(&secret(), smuggled.clone());
    for refused in [
        carrier
            .clone()
            .unsigned()
            .with_wrong_signature("v1,bm9wZQ=="),
        carrier.with_age(std::time::Duration::from_secs(3600)),
    ] {
        let mut connection = server.connect().await;
        let after = with_length(&signed().with_message_id("msg_after"));
        connection
            .send([with_length(&refused), after].concat())
            .await;
        assert_eq!(connection.status().await, 400);
        assert_eq!(connection.status().await, 204);
        assert_eq!(server.handled(), ["msg_after"]);
    }

    let mut connection = server.connect().await;
    let endless = head(&signed(), "content-length: 100000000000000");
    connection
        .send([endless.as_bytes(), &smuggled].concat())
        .await;
    assert_eq!(connection.status().await, 413);
    connection.closed().await;
    assert!(server.handled().is_empty());
}
