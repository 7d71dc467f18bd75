//! A module for each framework.

mod actix;
mod axum;
mod hyper;
mod lambda;
mod poem;
mod rocket;
mod salvo;
mod tonic;
mod warp;

pub(crate) use self::axum::AXUM;
use crate::framework::Framework;

pub(crate) const ALL: &[Framework] = &[
    AXUM,
    hyper::HYPER,
    lambda::LAMBDA,
    actix::ACTIX,
    poem::POEM,
    rocket::ROCKET,
    salvo::SALVO,
    tonic::TONIC,
    warp::WARP,
];
