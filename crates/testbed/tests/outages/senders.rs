//! The sender goes away while the handler runs.

use std::{net::SocketAddr, time::Duration};

use clerk_webhooks_testbed::{
    ledger::What,
    sender::{Outcome, Sender},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::{
    on_every_store,
    support::{
        receiver::read_request,
        site::{Kind, SECRET, Site, endpoint, message, waiting},
    },
};

on_every_store! {
    one_that_gives_up_finds_the_work_done_when_it_comes_again
    the_same_bytes_again_at_once_are_refused_while_the_first_run
}

async fn one_that_gives_up_finds_the_work_done_when_it_comes_again(kind: Kind) {
    let (mut site, message) = (Site::start(kind, 1).await, message(&waiting()));
    let impatient = site
        .sender_to(0)
        .with_time_limit(Duration::from_millis(500));
    let given_up = impatient.attempt(&message).await;
    assert_eq!(*given_up.outcome(), Outcome::TimedOut);
    let patient = site.sender_to(0);
    let while_it_runs = patient.attempt(&message).await;
    assert_eq!(while_it_runs.outcome().status(), Some(409));

    site.go(&message);
    site.until(&message, What::Completed, 1).await;
    let done = patient.attempt(&message).await;
    assert_eq!(done.outcome().status(), Some(200));
    assert_eq!(site.count(&message, &What::Started), 1);
}

async fn the_same_bytes_again_at_once_are_refused_while_the_first_run(kind: Kind) {
    let (mut site, message) = (Site::start(kind, 1).await, message(&waiting()));
    let (breaks, broken) = oneshot::channel();
    let proxy = first_connection_breaks(site.servers[0].address(), broken).await;
    let sender = Sender::new(7, proxy, endpoint(SECRET));
    let attempt = tokio::spawn({
        let (sender, message) = (sender.clone(), message.clone());
        async move { sender.attempt(&message).await }
    });
    site.until(&message, What::Started, 1).await;
    breaks.send(()).unwrap();
    let attempt = attempt.await.unwrap();
    assert_eq!(attempt.first.outcome.status(), None);
    assert_eq!(attempt.resent.unwrap().outcome.status(), Some(409));

    site.go(&message);
    site.until(&message, What::Completed, 1).await;
    let done = sender.attempt(&message).await;
    assert_eq!(done.outcome().status(), Some(200));
    assert_eq!(site.count(&message, &What::Started), 1);
}

/// Passes on what it gets; but closes the first connection, after its request, when it is told to.
async fn first_connection_breaks(server: SocketAddr, broken: oneshot::Receiver<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        let mut passed_on = TcpStream::connect(server).await.unwrap();
        let request = read_request(&mut first).await.unwrap();
        passed_on.write_all(&request).await.unwrap();
        broken.await.unwrap();
        drop(first);
        // The server is still at it.
        tokio::spawn(async move { passed_on.read_to_end(&mut Vec::new()).await });
        loop {
            let (mut next, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut passed_on = TcpStream::connect(server).await.unwrap();
                copy_bidirectional(&mut next, &mut passed_on).await
            });
        }
    });
    address
}
