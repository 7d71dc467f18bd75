#!/usr/bin/env python3
"""Proves that `check-rooms` and `check-functions` see what they are for, on small crates made here."""

import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest

CI = pathlib.Path(__file__).parent

CLEAN = {
    "lib.rs": """
        pub mod low;
        mod middle;
        mod high;
        pub use self::{low::Low, middle::{inner::Inner as In, Middle}};
        pub type BoxError = Box<dyn std::error::Error>;
    """,
    "low.rs": """
        // use crate::high::High; crate::high::f()
        /* crate::high::f(); /* nested */ crate::high::f() */
        const A: &str = "use crate::high::High; \\" crate::high::f()";
        const B: &str = r#"crate::high::f() " crate::high::f()"#;
        const C: [char; 2] = ['"', '\\''];
        fn f<'a>(text: &'a str) -> Result<&'a str, crate::BoxError> { Ok(text) }
        #[cfg(test)]
        use crate::high::High;
        #[cfg(all(test, feature = "x"))]
        fn g() { crate::high::f() }
        pub(in crate::low) struct Low;
        #[cfg(test)]
        mod tests { use crate::high::{self, *}; fn brace() { let _ = '{'; } }
    """,
    "middle/mod.rs": "pub mod inner; pub struct Middle(self::inner::Inner);",
    "middle/inner.rs": "use crate::low::{self, Low as L}; pub struct Inner(low::Low);",
    "high.rs": """
        use crate::{BoxError, middle::*};
        pub fn f() -> impl Sized + use<> { for x in crate::low::all() {} }
    """,
}


class Checks(unittest.TestCase):
    def run_check(self, name, changes, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**CLEAN, **changes}.items():
                target = pathlib.Path(folder, path)
                target.parent.mkdir(exist_ok=True)
                target.write_text(textwrap.dedent(text).strip())
            command = [CI / name, *arguments, folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(done.stderr, "")
            return done.returncode, done.stdout.replace(f"{folder}/", "")

    def rooms(self, changes):
        return self.run_check("check-rooms", changes, "--order", "low,middle,high")

    def assert_fault(self, changes, *lines):
        code, printed = self.rooms(changes)
        self.assertEqual(code, 1, printed)
        for line in lines:
            self.assertIn(line, printed)

    def test_a_clean_crate_passes_and_its_edges_are_counted(self):
        code, printed = self.rooms({})
        self.assertEqual(code, 0, printed)
        edges = [line for line in printed.splitlines() if " -> " in line]
        self.assertEqual(edges, [
            "high -> low (1)", "high -> middle (1)", "lib -> low (1)", "lib -> middle (2)",
            "middle -> low (3)",
        ])

    def test_a_path_in_code_to_a_later_room_is_a_fault(self):
        self.assert_fault(
            {"low.rs": "pub struct Low;\nfn f() { crate::high::f() }"},
            "up: low.rs:2 in low uses high: crate::high::f",
        )

    def test_siblings_that_use_each_other_are_a_cycle(self):
        self.assert_fault(
            {
                "middle/mod.rs": "mod inner; mod other;",
                "middle/inner.rs": "use super::other::Other;",
                "middle/other.rs": "#[cfg(unix)]\nuse super::{\n    inner::{self as i, Inner},\n};",
            },
            "cycle:",
            "\n  middle/inner.rs:1 uses middle/other.rs: super::other::Other",
            "\n  middle/other.rs:3 uses middle/inner.rs: super::inner, super::inner::Inner",
        )

    def test_what_a_parent_re_exports_is_a_cycle(self):
        self.assert_fault(
            {"middle/inner.rs": "use super::Middle;"},
            "\n  middle/inner.rs:1 uses middle/mod.rs: super::Middle",
            "\n  middle/mod.rs:1 uses middle/inner.rs: self::inner::Inner",
        )

    def test_what_the_root_re_exports_is_a_cycle(self):
        self.assert_fault(
            {"low.rs": "use crate::Middle;"},
            "\n  low.rs:1 uses lib.rs: crate::Middle",
            "\n  lib.rs:4 uses low.rs: self::low::Low",
        )

    def test_a_module_under_another_name_and_a_macro_are_followed(self):
        self.assert_fault(
            {
                "low.rs": "use crate::middle as m; type T = m::inner::Inner;",
                "middle/inner.rs": "#[macro_export]\nmacro_rules! name { () => { $crate::low::f() } }",
                "high.rs": "crate::name!();",
            },
            "\n  low.rs:1 uses middle/inner.rs: m::inner::Inner",
            "\n  middle/inner.rs:2 uses low.rs: crate::low::f",
            "high -> middle (1)",
        )

    def test_a_room_without_a_place_is_a_fault(self):
        self.assert_fault(
            {"lib.rs": "mod new; use new::New;", "new.rs": ""}, "room without a place in the order: new"
        )

    def functions(self, lines, around="{}"):
        """Of a crate with twenty short functions and a long one."""
        long = "fn long(a: [u8; 2])\n{\n" + "// {\n" * lines + "}\n"
        text = "fn short() { () }\n" * 20 + around.replace("{}", long)
        return self.run_check("check-functions", {"lib.rs": text})

    def test_a_long_function_is_a_fault_unless_it_is_a_test(self):
        code, printed = self.functions(45)
        self.assertEqual(code, 0, printed)
        code, printed = self.functions(46)
        self.assertEqual(code, 1, printed)
        self.assertIn("  46 lib.rs:21 long", printed)
        code, printed = self.functions(46, "#[cfg(test)]\nmod tests { {} }")
        self.assertEqual((code, "long" in printed), (0, False), printed)

    def test_many_functions_of_middling_length_are_a_fault(self):
        lines = "fn f() {\n" + "let a = 1;\n" * 21 + "}\n"
        code, printed = self.run_check("check-functions", {"lib.rs": lines * 2})
        self.assertEqual(code, 1, printed)
        self.assertIn("p95 21", printed)


if __name__ == "__main__":
    sys.exit(unittest.main())
