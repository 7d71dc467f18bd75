//! JSON as text: white space and order are what changes, never a value.

use bytes::Bytes;
use serde_json::Value;

use super::optional::some;

/// Removes the white space between the parts.
pub(super) fn compacted(body: &Bytes) -> Vec<Bytes> {
    some(Node::parse(body).map(|node| node.print(&Style::COMPACT)))
}

/// Prints a compact body as the usual printers do.
pub(super) fn printed(body: &Bytes) -> Vec<Bytes> {
    styled(body, true)
}

/// Prints a body that is not compact as the usual printers do.
pub(super) fn printed_otherwise(body: &Bytes) -> Vec<Bytes> {
    styled(body, false)
}

/// Prints a body with spaces, as Python does.
pub(crate) fn spaced(body: &Bytes) -> Option<Bytes> {
    Some(Node::parse(body)?.print(&Style::SPACED).into())
}

fn styled(body: &Bytes, is_compact: bool) -> Vec<Bytes> {
    let node =
        Node::parse(body).filter(|node| (node.print(&Style::COMPACT) == *body) == is_compact);
    let styles = [
        Style::SPACED,
        Style::indented("  "),
        Style::indented("    "),
        Style::indented("\t"),
    ];
    let print = |node: Node<'_>| {
        styles
            .iter()
            .map(|style| node.print(style).into())
            .collect()
    };
    node.map(print).unwrap_or_default()
}

/// Sorts the fields of all objects, or of the outermost only.
pub(super) fn with_other_order(body: &Bytes) -> Vec<Bytes> {
    let Some(node) = Node::parse(body) else {
        return Vec::new();
    };
    let (mut all, mut outermost) = (node.clone(), node);
    all.sort(true);
    outermost.sort(false);
    [all, outermost]
        .iter()
        .map(|node| node.print(&Style::COMPACT).into())
        .collect()
}

/// A JSON value whose names, texts and numbers are as they were written.
#[derive(Clone)]
enum Node<'a> {
    Object(Vec<(&'a [u8], Self)>),
    Array(Vec<Self>),
    Scalar(&'a [u8]),
}

/// How white space is put between the parts.
struct Style {
    after_colon: &'static str,
    after_comma: &'static str,
    indent: Option<&'static str>,
}

impl Style {
    const COMPACT: Self = Self {
        after_colon: "",
        after_comma: "",
        indent: None,
    };
    const SPACED: Self = Self {
        after_colon: " ",
        after_comma: " ",
        indent: None,
    };

    const fn indented(indent: &'static str) -> Self {
        Self {
            after_colon: " ",
            after_comma: "",
            indent: Some(indent),
        }
    }

    fn break_line(&self, depth: usize, out: &mut Vec<u8>) {
        if let Some(indent) = self.indent {
            out.push(b'\n');
            out.extend(indent.repeat(depth).bytes());
        }
    }
}

impl<'a> Node<'a> {
    /// Only valid JSON, and not deeper than `Value` may be: a hostile body must not overflow the stack. `IgnoredAny` has no
    /// such limit.
    fn parse(text: &'a [u8]) -> Option<Self> {
        serde_json::from_slice::<Value>(text).ok()?;
        Reader { rest: text }.value()
    }

    fn sort(&mut self, deep: bool) {
        match self {
            Self::Object(fields) => {
                fields.sort_by_key(|(name, _)| *name);
                fields
                    .iter_mut()
                    .filter(|_| deep)
                    .for_each(|(_, value)| value.sort(deep));
            }
            Self::Array(values) => values.iter_mut().for_each(|value| value.sort(deep)),
            Self::Scalar(_) => {}
        }
    }

    fn print(&self, style: &Style) -> Vec<u8> {
        let mut out = Vec::new();
        self.print_at(0, style, &mut out);
        out
    }

    fn print_at(&self, depth: usize, style: &Style, out: &mut Vec<u8>) {
        match self {
            Self::Object(fields) => {
                print_list(b"{}", fields, depth, style, out, |(name, value), out| {
                    out.extend_from_slice(name);
                    out.push(b':');
                    out.extend(style.after_colon.bytes());
                    value.print_at(depth + 1, style, out);
                });
            }
            Self::Array(values) => print_list(b"[]", values, depth, style, out, |value, out| {
                value.print_at(depth + 1, style, out);
            }),
            Self::Scalar(text) => out.extend_from_slice(text),
        }
    }
}

fn print_list<T>(
    [open, close]: &[u8; 2],
    items: &[T],
    depth: usize,
    style: &Style,
    out: &mut Vec<u8>,
    print: impl Fn(&T, &mut Vec<u8>),
) {
    out.push(*open);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
            out.extend(style.after_comma.bytes());
        }
        style.break_line(depth + 1, out);
        print(item, out);
    }
    if !items.is_empty() {
        style.break_line(depth, out);
    }
    out.push(*close);
}

/// Reads text that is known to be valid.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<Node<'a>> {
        match self.peek()? {
            b'{' => self.list(b'}', Self::field).map(Node::Object),
            b'[' => self.list(b']', Self::value).map(Node::Array),
            _ => self.scalar().map(Node::Scalar),
        }
    }

    fn field(&mut self) -> Option<(&'a [u8], Node<'a>)> {
        self.peek()?;
        let name = self.scalar()?;
        self.skip(b':')?;
        Some((name, self.value()?))
    }

    fn list<T>(&mut self, end: u8, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        self.rest = self.rest.get(1..)?;
        while self.peek()? != end {
            items.push(item(self)?);
            if self.peek()? == b',' {
                self.skip(b',')?;
            }
        }
        self.skip(end)?;
        Some(items)
    }

    /// A text, or everything up to the next separator.
    fn scalar(&mut self) -> Option<&'a [u8]> {
        let length = if self.rest.starts_with(b"\"") {
            text_length(self.rest)?
        } else {
            let ends =
                |byte: &u8| matches!(byte, b',' | b':' | b']' | b'}') || byte.is_ascii_whitespace();
            self.rest.iter().position(ends).unwrap_or(self.rest.len())
        };
        let (scalar, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(scalar)
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        self.peek().filter(|next| *next == byte)?;
        self.rest = self.rest.get(1..)?;
        Some(())
    }
}

/// The length of the text at the start, with its quotation marks.
fn text_length(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (place, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(place + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"b":[1.0,1e3,"a, \" : {}"],"a":{},"c":[],"\u00e9":null}"#;

    #[test]
    fn printing_and_compacting_keep_all_but_white_space() {
        for text in printed(&TEXT.into()) {
            assert_ne!(text, TEXT);
            assert_eq!(compacted(&text), [TEXT]);
        }
        assert_eq!(compacted(&"not JSON".into()), [""; 0]);
    }

    #[test]
    fn it_prints_as_others_do() {
        let spaced = r#"{"b": [1.0, 1e3, "a, \" : {}"], "a": {}, "c": [], "\u00e9": null}"#;
        let indented = "{\n  \"b\": [\n    1,\n    {}\n  ]\n}";
        assert_eq!(printed(&TEXT.into())[0], spaced);
        assert_eq!(printed(&r#"{"b":[1,{}]}"#.into())[1], indented);
    }

    #[test]
    fn fields_are_sorted() {
        let body = r#"{"b":{"d":1,"c":2},"a":3}"#.into();
        assert_eq!(
            with_other_order(&body),
            [
                r#"{"a":3,"b":{"c":2,"d":1}}"#,
                r#"{"a":3,"b":{"d":1,"c":2}}"#
            ]
        );
    }
}
