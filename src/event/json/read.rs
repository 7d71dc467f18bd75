//! [`Read`], and how the types of Rust's standard library are read.

use std::borrow::Cow;

use super::{
    fault::{Fault, ReadError, Step},
    reader::Reader,
};

/// A type that is read from JSON text.
///
/// It accepts the same JSON as its `Deserialize`, with the same result.
pub(in crate::event) trait Read: Sized {
    /// Consumes one value.
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError>;

    /// The value of a field that the object does not have; `None` if the field is required.
    fn absent() -> Option<Self> {
        None
    }
}

impl<T: Read> Read for Option<T> {
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        if reader.peek()? == b'n' {
            reader.literal("null")?;
            return Ok(None);
        }
        T::read(reader).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Box<T> {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        T::read(reader).map(Self::new)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let mut list = Self::new();
        if reader.take_text("[]") {
            return Ok(list);
        }
        let mut has_next = reader.open(b'[')?;
        while has_next {
            match T::read(reader) {
                Ok(item) => list.push(item),
                Err(error) => return Err(error.within(Step::Index(list.len()))),
            }
            has_next = reader.next_item(b']', false)?;
        }
        Ok(list)
    }
}

impl Read for String {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        Ok(reader.text()?.into_owned())
    }
}

impl Read for bool {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        reader.peek()?;
        if reader.take_text("true") {
            return Ok(true);
        }
        if reader.take_text("false") {
            return Ok(false);
        }
        Err(reader.other_type().into())
    }
}

impl<'de> Reader<'de> {
    /// Consumes a string, or fails if the value has another type.
    #[inline]
    pub(in crate::event) fn text(&mut self) -> Result<Cow<'de, str>, Fault> {
        match self.peek()? {
            b'"' => self.string(),
            _ => Err(self.other_type()),
        }
    }

    /// The fault of a value that has another JSON type than the one to read. Consumes its first token.
    #[cold]
    pub(in crate::event) fn other_type(&mut self) -> Fault {
        self.token().err().unwrap_or(Fault::OtherType)
    }

    /// Consumes a string, a number or a literal, or the opening bracket of an object or a list.
    fn token(&mut self) -> Result<(), Fault> {
        match self.peek()? {
            bracket @ (b'{' | b'[') => self.take(bracket),
            b'"' => self.string().map(drop),
            b'n' => self.literal("null"),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            _ => self.number().map(drop),
        }
    }
}
