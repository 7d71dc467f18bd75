//! `Debug` that does not print what grants access.

use std::fmt;

/// Implements `Debug` for a struct. Of the fields after `redacted` it prints the names, not the values.
///
/// Every field must be listed: with a missing field the code does not compile.
macro_rules! debug_without_secrets {
    ($Object:ident { $($field:ident),* $(,)? } redacted { $($secret:ident),* $(,)? }) => {
        /// Fields that grant access print as `[redacted]`.
        impl std::fmt::Debug for $Object {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let Self { $($field,)* $($secret),* } = self;
                f.debug_struct(stringify!($Object))
                    $( .field(stringify!($field), $field) )*
                    $( .field(
                        stringify!($secret),
                        &$crate::event::value::redacted::Redacted($secret),
                    ) )*
                    .finish()
            }
        }
    };
}
pub(in crate::event) use debug_without_secrets;

/// Prints `[redacted]` for a value, and an absent value as it is (`None`, `[]`).
pub(in crate::event) struct Redacted<'a, T>(pub(in crate::event) &'a T);

impl<T: fmt::Debug + Default + PartialEq> fmt::Debug for Redacted<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self.0 == T::default() {
            self.0.fmt(f)
        } else {
            f.write_str("[redacted]")
        }
    }
}
