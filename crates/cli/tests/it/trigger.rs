//! `trigger`, against a receiver.

use std::{collections::BTreeSet, fs, net::TcpListener, thread};

use clerk_webhooks::EventType;
use serde_json::Value;

use crate::{
    program::{program, run, stderr, stdout},
    receiver::Receiver,
};

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn all_types_are_accepted() {
    let receiver = Receiver::start();
    let output = run(&["--json", "trigger", "--all", "--to", &receiver.url()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let types: BTreeSet<_> = receiver
        .seen()
        .into_iter()
        .map(|(_, event_type)| event_type)
        .collect();
    assert_eq!(
        types,
        EventType::all()
            .iter()
            .map(|event_type| event_type.as_str().to_owned())
            .collect()
    );
    let lines = json_lines(&stdout(&output));
    assert_eq!(lines.len(), 47);
    assert_eq!(lines[46]["as_expected"], 46);
    assert!(lines[46]["p99_ms"].as_f64().unwrap() > 0.0);
}

#[test]
fn each_repeat_is_a_new_message_and_each_duplicate_is_not() {
    let receiver = Receiver::start();
    let args = [
        "trigger",
        "user.deleted",
        "--repeat",
        "100",
        "--duplicate",
        "--shuffle",
        "--concurrency",
        "8",
    ];
    let output = run(&[&args[..], &["--to", &receiver.url()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let ids = receiver.ids();
    assert_eq!(ids.len(), 200);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 100);
    assert!(
        stdout(&output).starts_with("200 sent, 200 accepted, 0 without an answer; p50 "),
        "{}",
        stdout(&output)
    );
}

#[test]
fn what_must_be_refused_is_refused() {
    let receiver = Receiver::start();
    for (option, answer) in [
        ("--forge", "invalid signature"),
        ("--stale", "timestamp out of tolerance"),
    ] {
        let output = run(&["trigger", "user.created", option, "--to", &receiver.url()]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("400  ") && stdout(&output).contains(answer));
    }
    assert!(receiver.seen().is_empty());
}

/// A receiver that verifies nothing fails the test of forgeries.
#[test]
fn a_forgery_that_is_accepted_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server =
        thread::spawn(move || answer(&listener, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    let output = run(&["trigger", "user.created", "--forge", "--to", &url]);
    assert_eq!(output.status.code(), Some(1));
    let head = server.join().unwrap();
    assert!(
        head.starts_with("POST / HTTP/1.1\r\n") && head.contains("Svix-Webhooks/"),
        "{head}"
    );
}

/// Answers one request, whose head it returns.
fn answer(listener: &TcpListener, answer: &[u8]) -> String {
    use std::io::{Read as _, Write as _};
    let (mut stream, _) = listener.accept().unwrap();
    let mut read = vec![0; 64 * 1024];
    let length = stream.read(&mut read).unwrap();
    stream.write_all(answer).unwrap();
    String::from_utf8_lossy(&read[..length]).into_owned()
}

#[test]
fn a_field_is_set_and_a_file_is_sent() {
    let receiver = Receiver::start();
    let id = "data.id=user_ada";
    let output = run(&[
        "trigger",
        "user.deleted",
        "--set",
        id,
        "--to",
        &receiver.url(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = run(&["trigger", "--data", "body.json", "--to", &receiver.url()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let types: Vec<_> = receiver
        .seen()
        .into_iter()
        .map(|(_, event_type)| event_type)
        .collect();
    assert_eq!(types, ["user.deleted", "user.deleted"]);
}

#[test]
fn a_refusal_is_exit_code_1_and_no_answer_is_4() {
    let receiver = Receiver::start();
    let output = program()
        .env("OTHER", crate::common::OTHER_SECRET)
        .args([
            "trigger",
            "user.created",
            "--secret-env",
            "OTHER",
            "--to",
            &receiver.url(),
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("invalid signature"));

    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let output = run(&[
        "trigger",
        "user.created",
        "--to",
        &format!("http://{closed}/"),
    ]);
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(
        stderr(&output),
        "error: connection refused: nothing listens there\n"
    );
}

#[test]
fn an_answer_is_shown_without_its_control_characters() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let body =
        b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n\x1b[31mred\r\n0\r\n\r\n";
    let server = thread::spawn(move || answer(&listener, body));
    let output = run(&["trigger", "user.created", "--to", &url]);
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).contains("\\u{1b}[31mred"),
        "{}",
        stdout(&output)
    );
}

/// The machine trusts the certificate by `SSL_CERT_FILE`.
#[test]
fn https_works_with_a_certificate_that_the_machine_trusts_and_with_no_other() {
    let receiver = Receiver::start();
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.pem");
    fs::write(&file, certificate.cert.pem()).unwrap();
    let port = terminate_tls(&certificate, receiver.address());
    let url = format!("https://localhost:{port}/hook");

    let trusting = program()
        .env("CLERK_WEBHOOK_SIGNING_SECRET", crate::common::SECRET)
        .env("SSL_CERT_FILE", &file)
        .args(["trigger", "--all", "--to", &url])
        .output()
        .unwrap();
    assert_eq!(
        trusting.status.code(),
        Some(0),
        "{}{}",
        stdout(&trusting),
        stderr(&trusting)
    );
    assert_eq!(receiver.seen().len(), 46);

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&file, other.cert.pem()).unwrap();
    let doubting = program()
        .env("CLERK_WEBHOOK_SIGNING_SECRET", crate::common::SECRET)
        .env("SSL_CERT_FILE", &file)
        .args(["trigger", "user.created", "--to", &url])
        .output()
        .unwrap();
    assert_eq!(doubting.status.code(), Some(4), "{}", stdout(&doubting));
    assert!(
        stderr(&doubting).contains("certificate"),
        "{}",
        stderr(&doubting)
    );
    assert_eq!(receiver.seen().len(), 46);
}

/// Passes what it decrypts on to the server; returns its port.
fn terminate_tls(
    certificate: &rcgen::CertifiedKey<rcgen::KeyPair>,
    server: std::net::SocketAddr,
) -> u16 {
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(
        certificate.signing_key.serialize_der(),
    ));
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut plain = tokio::net::TcpStream::connect(server).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
                });
            }
        });
    });
    port
}
