//! One declaration for an object's struct and for how it is read.

/// Declares a struct, and implements [`Read`](super::read::Read) for it.
///
/// The fields stand in the order in which Clerk sends them, the alphabetical one, which is the fastest to
/// read. They are read in any order.
///
/// serde's derive reads the same struct from other formats, and so `#[serde(rename = "...")]` names a
/// field here too. A field with `#[serde(default)]` gets its default if it is absent or `null`.
///
/// `then METHOD` calls a method of the struct after reading it, also when serde reads it. The struct needs
/// `#[serde(remote = "Self")]` for that.
macro_rules! object {
    (
        $(#[$meta:meta])*
        $vis:vis struct $Object:ident {
            $(
                $(#[doc = $doc:literal])*
                $(#[serde($($serde:tt)*)])?
                $field_vis:vis $field:ident: $Type:ty,
            )+
        }
        $(then $method:ident)?
    ) => {
        $(#[$meta])*
        $vis struct $Object {
            $(
                $(#[doc = $doc])*
                $(#[serde($($serde)*)])?
                $field_vis $field: $Type,
            )+
        }

        impl $crate::event::json::read::Read for $Object {
            fn read(
                reader: &mut $crate::event::json::reader::Reader<'_>,
            ) -> Result<Self, $crate::event::json::fault::ReadError> {
                $( let mut $field: Option<$Type> = None; )+
                $crate::event::json::object::read_fields!(reader, $(
                    ($crate::event::json::object::name!($field $($($serde)*)?)) => $field =
                        $crate::event::json::object::value!(reader $($($serde)*)?);
                )+);
                #[allow(unused_mut, reason = "not every object has a method to call")]
                let mut object = Self {
                    $(
                        $field: match $field {
                            Some(value) => value,
                            None => $crate::event::json::object::absent!(
                                ($crate::event::json::object::name!($field $($($serde)*)?))
                                $($($serde)*)?
                            ),
                        },
                    )+
                };
                $( object.$method(); )?
                Ok(object)
            }
        }

        $( $crate::event::json::object::serde_then!($Object $method); )?
    };
}
pub(in crate::event) use object;

/// Reads an object's fields into slots, each of which is an `Option` that is still `None`.
///
/// It tries the names one after another, again and again. So it goes through them once if the object has
/// them in this order.
macro_rules! read_fields {
    ($reader:ident, $( ($name:expr) => $slot:ident = $value:expr; )+) => {
        'fields: {
            if !$reader.open_object()? {
                break 'fields;
            }
            loop {
                let start = $reader.at();
                $(
                    if $reader.take_name(concat!($name, "\":")) {
                        if $slot.is_some() {
                            return Err($crate::event::json::object::duplicate($name));
                        }
                        match $value {
                            Ok(value) => $slot = Some(value),
                            Err(error) => return Err(error.within(
                                $crate::event::json::fault::Step::Field($name),
                            )),
                        }
                        if !$reader.next_field()? {
                            break 'fields;
                        }
                    }
                )+
                if $reader.at() == start && !$reader.unmatched_field()? {
                    break 'fields;
                }
            }
        }
    };
}
pub(in crate::event) use read_fields;

/// The name of a field in JSON.
macro_rules! name {
    ($field:ident rename = $name:literal $($serde:tt)*) => {
        $name
    };
    ($field:ident $($serde:tt)*) => {
        stringify!($field)
    };
}
pub(in crate::event) use name;

/// Reads the value of a field.
macro_rules! value {
    ($reader:ident default $($serde:tt)*) => {
        $crate::event::json::read::Read::read($reader).map(Option::unwrap_or_default)
    };
    ($reader:ident $($serde:tt)*) => {
        $crate::event::json::read::Read::read($reader)
    };
}
pub(in crate::event) use value;

/// The value of a field that the object does not have.
macro_rules! absent {
    (($name:expr) default $($serde:tt)*) => {
        Default::default()
    };
    (($name:expr) $($serde:tt)*) => {
        match $crate::event::json::read::Read::absent() {
            Some(value) => value,
            None => return Err($crate::event::json::object::missing($name)),
        }
    };
}
pub(in crate::event) use absent;

/// Lets serde read the struct as its derive does, and call the method then.
macro_rules! serde_then {
    ($Object:ident $method:ident) => {
        impl<'de> serde::Deserialize<'de> for $Object {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut object = Self::deserialize(deserializer)?;
                object.$method();
                Ok(object)
            }
        }

        impl serde::Serialize for $Object {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    };
}
pub(in crate::event) use serde_then;

use super::fault::{Fault, ReadError, Step};

#[cold]
pub(in crate::event) fn duplicate(name: &'static str) -> ReadError {
    ReadError::from(Fault::Duplicate).within(Step::Field(name))
}

#[cold]
pub(in crate::event) fn missing(name: &'static str) -> ReadError {
    ReadError::from(Fault::Missing).within(Step::Field(name))
}
