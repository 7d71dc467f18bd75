//! `Transfer-Encoding: chunked`.

/// The chunks joined, if `bytes` holds all of them up to the last.
pub(crate) fn join(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut rest, mut joined) = (bytes, Vec::new());
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(rest).ok()?
        else {
            return None;
        };
        let size = usize::try_from(size).ok()?;
        let (chunk, after) = rest.get(start..)?.split_at_checked(size)?;
        rest = after.strip_prefix(b"\r\n")?;
        if size == 0 {
            return Some(joined);
        }
        joined.extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn chunks_are_joined_once_all_are_there() {
        let whole = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(join(whole).unwrap(), b"abcde");
        for length in 0..whole.len() {
            assert_eq!(join(&whole[..length]), None, "{length}");
        }
    }
}
