//! Health and readiness.

use clerk_webhooks_testbed::engines::Postgres;
use tempfile::TempDir;

use crate::{
    program::{ROUTE, get, program, status_of_delivery, until},
    support::request,
};

#[tokio::test]
async fn probes_need_no_signature_and_deliveries_do() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("queue.db").display());
    let process = program(&url).serve().await.unwrap();
    let address = process.address();
    assert_eq!(get(address, "/livez").await.status, 200);
    let ready = get(address, "/readyz").await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready"));
    let unsigned = request(address, "POST", ROUTE, "", "{}").await.unwrap();
    assert_eq!(unsigned.status, 400);
    assert_eq!(get(address, ROUTE).await.status, 405);
    assert_eq!(status_of_delivery(address, "msg_1").await, 202);
}

#[tokio::test]
#[ignore = "starts and kills a Postgres server: needs its programs"]
async fn a_service_without_its_database_is_alive_and_not_ready() {
    let mut postgres = Postgres::start().await.unwrap();
    let mut process = program(&postgres.url()).serve().await.unwrap();
    let address = process.address();
    assert_eq!(get(address, "/readyz").await.status, 200);

    postgres.kill().unwrap();
    let unready = get(address, "/readyz").await;
    assert_eq!(unready.status, 503);
    assert_eq!(unready.body, "the queue does not answer");
    assert_eq!(get(address, "/livez").await.status, 200);
    assert_eq!(status_of_delivery(address, "msg_1").await, 503);

    postgres.restart().await.unwrap();
    until(async || get(address, "/readyz").await.status == 200).await;
    assert_eq!(status_of_delivery(address, "msg_1").await, 202);
    assert!(!process.has_ended().unwrap());
}
