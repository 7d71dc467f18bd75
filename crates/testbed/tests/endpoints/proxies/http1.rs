//! HTTP/1.1 over TLS: the bytes as they are.

use super::tls::{Client, for_each_connection};
use crate::framework::Running;

pub(super) fn client(client: Client) -> Running {
    for_each_connection(move |mut plain| {
        let client = client.clone();
        async move {
            let mut encrypted = client.connect().await?;
            tokio::io::copy_bidirectional(&mut plain, &mut encrypted).await?;
            Ok(())
        }
    })
}
