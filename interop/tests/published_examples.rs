//! Each of Clerk's published examples, signed by the reference implementations, sent over a real
//! socket: it arrives as the right type, byte for byte.

use std::{
    env, fs,
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{Router, http::StatusCode, routing::post};
use clerk_webhooks::{
    ClerkWebhookLayer, EventData, EventType, SigningSecret, VerifiedClerkEvent, Verifier,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[derive(Clone, Copy)]
enum Family {
    Svix,
    StandardWebhooks,
}

impl Family {
    fn prefix(self) -> &'static str {
        match self {
            Self::Svix => "svix",
            Self::StandardWebhooks => "webhook",
        }
    }
}

/// Signs id, seconds and body.
type Sign = fn(&str, i64, &[u8]) -> String;

fn sign_with_svix(id: &str, seconds: i64, body: &[u8]) -> String {
    let webhook = svix::webhooks::Webhook::new(SECRET).unwrap();
    webhook.sign(id, seconds, body).unwrap()
}

fn sign_with_standardwebhooks(id: &str, seconds: i64, body: &[u8]) -> String {
    let webhook = standardwebhooks::Webhook::new(SECRET).unwrap();
    webhook.sign(id, seconds, body).unwrap()
}

#[tokio::test]
async fn every_published_example_arrives_as_its_type_byte_for_byte() {
    let Some(examples) = published_examples() else {
        return;
    };
    let (address, mut handled) = serve().await;
    let signers: [(&str, Sign); 2] = [
        ("svix", sign_with_svix),
        ("standardwebhooks", sign_with_standardwebhooks),
    ];
    for (event_type, body) in &examples {
        for (signer, sign) in signers {
            for family in [Family::Svix, Family::StandardWebhooks] {
                let id = format!("msg_{signer}_{}", family.prefix());
                let status = send(address, family, &id, sign, body).await;
                assert_eq!(status, 204, "{event_type} signed by {signer}");
                let event = handled.recv().await.unwrap();
                assert_eq!(event.event_type().as_str(), event_type);
                assert!(
                    !matches!(event.event_type(), EventType::Unknown(_)),
                    "{event_type}"
                );
                assert!(!matches!(event.data, EventData::Unknown(_)), "{event_type}");
                assert_eq!(event.raw_body(), body, "{event_type}");
                assert_eq!(event.message_id(), id);
            }
        }
    }
}

async fn serve() -> (SocketAddr, mpsc::UnboundedReceiver<VerifiedClerkEvent>) {
    let (saw, handled) = mpsc::unbounded_channel();
    let handler = move |event: VerifiedClerkEvent| async move {
        saw.send(event).unwrap();
        StatusCode::NO_CONTENT
    };
    let secret = SigningSecret::parse(SECRET).unwrap();
    let clerk = ClerkWebhookLayer::new(Verifier::new(secret));
    let app = Router::new().route("/webhooks/clerk", post(handler).route_layer(clerk));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, handled)
}

async fn send(address: SocketAddr, family: Family, id: &str, sign: Sign, body: &[u8]) -> u16 {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let signature = sign(id, i64::try_from(seconds).unwrap(), body);
    let (prefix, length) = (family.prefix(), body.len());
    let head = format!(
        "POST /webhooks/clerk HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         {prefix}-id: {id}\r\n{prefix}-timestamp: {seconds}\r\n{prefix}-signature: {signature}\r\n\
         content-length: {length}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(&[head.as_bytes(), body].concat())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// See `shared_folder` of the core's tests: skipped, and saying so, where the variable is unset.
fn published_examples() -> Option<Vec<(String, Vec<u8>)>> {
    let Some(folder) = env::var_os("CLERK_WEBHOOKS_SHARED").map(PathBuf::from) else {
        let mut stderr = io::stderr();
        let test = std::thread::current();
        let name = test.name().unwrap_or_default();
        writeln!(
            stderr,
            "\nskipped: {name}: CLERK_WEBHOOKS_SHARED is not set"
        )
        .unwrap();
        return None;
    };
    let examples: Vec<_> = fs::read_dir(folder.join("clerk/examples"))
        .expect("the folder that CLERK_WEBHOOKS_SHARED names")
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let event_type = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (event_type, fs::read(path).unwrap())
        })
        .collect();
    assert_eq!(examples.len(), 45, "all of Clerk's published examples");
    Some(examples)
}
