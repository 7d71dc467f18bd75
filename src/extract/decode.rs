//! Chooses the decoder for the handler's event type.

use std::any::{Any, TypeId};

use serde::de::DeserializeOwned;

use crate::event::{
    decode::{error::DecodeError, own_type},
    event::ClerkEvent,
    raw::RawClerkEvent,
};

/// This crate's event types have their own decoders: faster than plain serde, and stricter about the
/// envelope.
pub(crate) fn decode<T>(body: &[u8]) -> Result<T, DecodeError>
where
    T: DeserializeOwned + 'static,
{
    decode_if_same_type(ClerkEvent::from_slice, body)
        .or_else(|| decode_if_same_type(RawClerkEvent::from_slice, body))
        .unwrap_or_else(|| own_type::decode_json(body))
}

fn decode_if_same_type<O, T>(
    decode: fn(&[u8]) -> Result<O, DecodeError>,
    body: &[u8],
) -> Option<Result<T, DecodeError>>
where
    O: 'static,
    T: 'static,
{
    if TypeId::of::<O>() != TypeId::of::<T>() {
        return None;
    }
    let mut decoded = Some(decode(body));
    let decoded: &mut dyn Any = &mut decoded;
    decoded
        .downcast_mut::<Option<Result<T, DecodeError>>>()?
        .take()
}
