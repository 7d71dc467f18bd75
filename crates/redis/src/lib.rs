//! To come.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod connect;
mod error;
mod key;
mod store;

pub use redis;

pub use self::{error::RedisStoreError, store::RedisStore};
