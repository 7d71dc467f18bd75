//! [`Page`]: the objects of a list.

use serde_json::Value;

use crate::json;

/// A page of a list.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Value>,
    /// How many objects the list has, if the answer says it.
    pub(crate) total: Option<u64>,
}

impl Page {
    /// Reads a plain array, or `{"data": [...], "total_count": 2}`. `None` is anything else.
    pub(super) fn parse(body: &str) -> Option<Self> {
        let (data, total) = match json::parse(body)? {
            Value::Object(mut fields) => (fields.remove("data")?, fields.remove("total_count")),
            array => (array, None),
        };
        match data {
            Value::Array(objects) if objects.iter().all(Value::is_object) => Some(Self {
                objects,
                total: total.and_then(|total| total.as_u64()),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        let page = |total| Page {
            objects: vec![json!({"id": "a"}), json!({"id": "b"})],
            total,
        };
        let array = r#"[{"id": "a"}, {"id": "b"}]"#;
        assert_eq!(Page::parse(array), Some(page(None)));
        let wrapped = format!(r#"{{"data": {array}, "total_count": 7}}"#);
        assert_eq!(Page::parse(&wrapped), Some(page(Some(7))));
        assert_eq!(Page::parse("[]"), Some(Page::default()));
        for body in [
            "",
            "{}",
            "null",
            "7",
            "<html>",
            "[1]",
            "[{}",
            "[{}] x",
            r#"{"data": {}}"#,
            r#"{"errors": []}"#,
        ] {
            assert_eq!(Page::parse(body), None, "{body}");
        }
    }
}
