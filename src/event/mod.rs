//! Clerk's events, typed.
