//! Senders that stop midway.

use crate::{
    BODY, MIB, SMALL, alone,
    connection::head,
    meter::print,
    server::{Expected, Server, Then},
    signed,
};

#[test]
fn a_body_shorter_than_declared_is_400() {
    alone(async {
        let mut server = Server::start().await;
        let declared = format!("content-length: {}", BODY.len() + 1);
        for (fault, request) in [
            ("no byte of the body, then end", head(&signed(), &declared)),
            (
                "a byte too few, then end",
                head(&signed(), &declared) + BODY,
            ),
            (
                "chunked without its last chunk, then end",
                head(&signed(), "transfer-encoding: chunked") + "1\r\n{\r\n",
            ),
            (
                "half a chunk, then end",
                head(&signed(), "transfer-encoding: chunked") + "ff\r\n{",
            ),
        ] {
            let expected = Expected {
                fault: fault.to_owned(),
                status: 400,
                then: Then::Closes,
                peak_at_most: SMALL,
            };
            server
                .suffer(expected, async |connection| {
                    connection.send(request).await;
                    connection.finish_sending().await;
                    connection.status().await
                })
                .await;
        }
    });
}

#[test]
fn a_reset_midway_leaves_nothing_behind() {
    alone(async {
        let mut server = Server::start().await;
        let half = vec![b' '; MIB / 2];
        for (fault, framing, chunk) in [
            (
                "1 MiB declared, reset after half",
                "content-length: 1048576",
                "",
            ),
            (
                "a chunk of 1 MiB, reset after half",
                "transfer-encoding: chunked",
                "100000\r\n",
            ),
        ] {
            let mut connection = server.connect().await;
            let head = head(&signed(), &format!("expect: 100-continue\r\n{framing}"));
            let meter = server.meter();
            connection.send(head).await;
            assert_eq!(connection.status().await, 100, "the layer reads the body");
            connection.send(chunk).await;
            connection.send(&half).await;
            connection.reset();
            server.idle().await;
            let cost = meter.stop();
            cost.assert_peak_at_most(2 * MIB, fault);
            cost.assert_kept_at_most(SMALL, fault);
            assert!(server.handled().is_empty());
            server.assert_goes_on().await;
            print(fault, "-", "gone", &cost);
        }
    });
}
