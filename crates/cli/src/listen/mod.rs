//! What `listen` runs: a server that receives deliveries, and a page that shows them.
//!
//! - `server`: accepts connections, within limits.
//! - `receiver`: a delivery is read, verified, forwarded and answered.
//! - `received`: what is known of it then.
//! - `service`: where deliveries are forwarded and replayed to.
//! - `history`: the last deliveries, for the page.
//! - `page`: the page's own server, on loopback.

mod history;
mod page;
mod received;
mod receiver;
mod server;
mod service;

pub(crate) use self::{
    history::History,
    page::Page,
    received::{Received, Verdict},
    receiver::Receiver,
    server::serve,
    service::Service,
};
