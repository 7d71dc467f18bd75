//! Bodies beyond the limit, and lengths beyond reason.

use crate::{
    HYPER_BUFFER, KIB, MIB, SMALL, alone,
    connection::{head, in_chunks_of, with_length},
    forged_of,
    server::{Expected, Server, Then},
    signed,
};

const LIMIT: usize = 2 * MIB;

#[test]
fn a_declared_length_costs_nothing() {
    alone(async {
        let mut server = Server::start().await;
        for (length, status) in [
            ("2097153", 413),
            ("100000000000000", 413),
            ("9223372036854775807", 413),
            // hyper's own limits, and its own answers.
            ("18446744073709551613", 413),
            ("18446744073709551615", 431),
            ("18446744073709551616", 400),
            ("99999999999999999999999999", 400),
        ] {
            let request = head(&signed(), &format!("content-length: {length}"));
            let expected = Expected {
                fault: format!("`content-length: {length}`"),
                status,
                then: Then::Closes,
                peak_at_most: SMALL,
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
fn a_chunked_body_is_read_to_the_limit_and_no_further() {
    alone(async {
        let mut server = Server::start().await;
        for (size, name) in [
            (LIMIT + 1, "in one chunk"),
            (16 * KIB, "in chunks of 16 KiB"),
            (100, "in chunks of 100 bytes"),
        ] {
            let mut request = in_chunks_of(size, &forged_of(LIMIT + 1));
            // Whether hyper saw the end behind the limit would be chance.
            request.truncate(request.len() - b"0\r\n\r\n".len());
            let expected = Expected {
                fault: format!("2 MiB and a byte, {name}"),
                status: 413,
                then: Then::Closes,
                peak_at_most: 2 * LIMIT + 2 * HYPER_BUFFER,
            };
            server
                .suffer(expected, async |connection| {
                    connection.exchange(&request).await
                })
                .await;
        }
    });
}

/// The size of one chunk is a claim like any other.
#[test]
fn a_declared_chunk_costs_nothing() {
    alone(async {
        let mut server = Server::start().await;
        for (size, status) in [("7fffffffffffffff", 400), ("10000000000000000", 400)] {
            let request = head(&signed(), "transfer-encoding: chunked") + size + "\r\n{";
            let expected = Expected {
                fault: format!("a chunk of 0x{size} bytes, then end"),
                status,
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
fn a_forged_body_at_the_limit_is_400() {
    alone(async {
        let mut server = Server::start().await;
        let request = with_length(&forged_of(LIMIT));
        let expected = Expected {
            fault: "forged, 2 MiB".to_owned(),
            status: 400,
            then: Then::Stays,
            peak_at_most: 2 * LIMIT + 2 * HYPER_BUFFER,
        };
        server
            .suffer(expected, async |connection| {
                connection.exchange(&request).await
            })
            .await;
    });
}
