//! A module for each framework.

mod actix;
mod axum;
mod hyper;

use crate::framework::Framework;

pub(crate) const ALL: &[Framework] = &[axum::AXUM, hyper::HYPER, actix::ACTIX];
