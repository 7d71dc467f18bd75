//! Headers that are far too large, through hyper's default limits.

use crate::{
    HYPER_BUFFER, KIB, MIB, alone,
    connection::{head, with_length},
    forged_of,
    server::{Expected, Server, Then},
    signed, well_formed_signature,
};

fn signatures(count: usize) -> String {
    let entries: Vec<_> = (0..count).map(well_formed_signature).collect();
    entries.join(" ")
}

/// hyper takes a head of 408 KiB in 100 lines.
#[test]
fn eight_thousand_signatures_are_one_mac() {
    alone(async {
        let mut server = Server::start().await;
        let forged = |line: String| with_length(&forged_of(2 * MIB).with_wrong_signature(line));
        let lines = "svix-signature: v1,x\r\n".repeat(8000);
        let in_lines = head(&signed(), &format!("{lines}content-length: 2"));
        for (fault, request, status, then) in [
            (
                "forged, 2 MiB, 1 signature",
                forged(signatures(1)),
                400,
                Then::Stays,
            ),
            (
                "forged, 2 MiB, 8,000 signatures",
                forged(signatures(8000)),
                400,
                Then::Stays,
            ),
            (
                "forged, 2 MiB, 20,000 signatures",
                forged(signatures(20_000)),
                431,
                Then::Closes,
            ),
            (
                "8,000 lines of signatures",
                in_lines.into_bytes(),
                431,
                Then::Closes,
            ),
        ] {
            let expected = Expected {
                fault: fault.to_owned(),
                status,
                then,
                peak_at_most: 6 * MIB + 4 * HYPER_BUFFER,
            };
            server
                .suffer(expected, async |connection| {
                    connection.exchange(&request).await
                })
                .await;
        }
    });
}

#[test]
fn a_value_of_64_kib_is_judged_like_any_other() {
    alone(async {
        let mut server = Server::start().await;
        for name in ["svix-id", "svix-timestamp", "svix-signature"] {
            let mut request = "POST /webhooks/clerk HTTP/1.1\r\nhost: x\r\n".to_owned();
            for (header, good) in signed().header_pairs() {
                let value = if header == name {
                    "1".repeat(64 * KIB)
                } else {
                    good
                };
                request += &format!("{header}: {value}\r\n");
            }
            request += "content-length: 0\r\n\r\n";
            let expected = Expected {
                fault: format!("`{name}` of 64 KiB"),
                status: 400,
                then: Then::Stays,
                peak_at_most: HYPER_BUFFER,
            };
            server
                .suffer(expected, async |connection| {
                    connection.exchange(&request).await
                })
                .await;
        }
    });
}

#[test]
fn another_header_of_64_kib_does_not_matter() {
    alone(async {
        let mut server = Server::start().await;
        let padding = format!("x-padding: {}", "x".repeat(64 * KIB));
        let request = head(&signed(), &format!("{padding}\r\ncontent-length: 46")) + crate::BODY;
        let expected = Expected {
            fault: "genuine, another header of 64 KiB".to_owned(),
            status: 204,
            then: Then::Stays,
            peak_at_most: HYPER_BUFFER,
        };
        server
            .suffer(expected, async |connection| {
                connection.exchange(&request).await
            })
            .await;
    });
}
