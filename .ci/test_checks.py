#!/usr/bin/env python3
"""Proves that the checks see what they are for, on small crates, workflows and schemas made here."""

import pathlib
import shutil
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


WORKFLOW = """
    on: {push: {branches: [main]}}
    permissions: {contents: read}
    jobs:
      run:
        runs-on: ubuntu-24.04
        timeout-minutes: 5
        steps:
          - uses: actions/checkout@v5
          - run: .ci/run
"""

FORM = """
    name: A form
    description: What it asks
    body:
      - type: input
        attributes: {label: Version}
"""


class Workflows(unittest.TestCase):
    def check(self, workflow=WORKFLOW, form=FORM):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in (("workflows/ci.yml", workflow), ("ISSUE_TEMPLATE/form.yml", form)):
                target = pathlib.Path(folder, path)
                target.parent.mkdir()
                target.write_text(textwrap.dedent(text))
            done = subprocess.run([CI / "check-workflows", folder], capture_output=True, text=True, check=False)
            self.assertEqual(done.stderr, "")
            return done.returncode, done.stdout

    def assert_fault(self, text, **files):
        code, printed = self.check(**files)
        self.assertEqual(code, 1, printed)
        self.assertIn(text, printed)

    def test_good_files_pass(self):
        code, printed = self.check()
        self.assertEqual((code, printed), (0, "2 files, 1 commands, 0 faults\n"))

    def test_faults_of_workflows_are_seen(self):
        self.assert_fault("is not YAML", workflow="jobs: [")
        self.assert_fault("has no `permissions`", workflow=WORKFLOW.replace("permissions", "permission"))
        self.assert_fault("has no `on`", workflow=WORKFLOW.replace("    on:", "    when:"))
        self.assert_fault("no program .ci/missing", workflow=WORKFLOW.replace(".ci/run", "true && .ci/missing"))
        self.assert_fault("no command frobnicate", workflow=WORKFLOW.replace(".ci/run", "frobnicate"))
        self.assert_fault("no command cargo frobnicate", workflow=WORKFLOW.replace(".ci/run", "cargo frobnicate"))
        self.assert_fault("without a version", workflow=WORKFLOW.replace("@v5", ""))

    def test_faults_of_forms_are_seen(self):
        self.assert_fault("has no `description`", form=FORM.replace("description", "text"))
        self.assert_fault("no kind of field: inputs", form=FORM.replace("input", "inputs"))
        self.assert_fault("a field without text", form=FORM.replace("label", "name"))


class Nats(unittest.TestCase):
    def check(self, printed):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "nats-server")
            program.write_text(f"#!/bin/sh\necho {printed}\n")
            program.chmod(0o755)
            path = f"{folder}:/usr/bin:/bin"
            done = subprocess.run(
                [CI / "check-nats"], env={"PATH": path}, capture_output=True, text=True, check=False
            )
            return done.returncode, done.stdout + done.stderr.replace(f"{folder}/", "")

    def test_a_version_that_loses_events_is_seen(self):
        self.assertEqual(
            self.check("nats-server: v2.9.10"),
            (1, "nats-server is 2.9.10: the tests need 2.10 or newer\n"),
        )
        for version in ("2.10.0", "2.10.27", "2.11.3", "3.0.0"):
            self.assertEqual(self.check(f"nats-server: v{version}"), (0, f"nats-server: v{version}\n"))


# As Clerk publishes it, with one event of which we know everything.
OPENAPI = """
    x-webhooks:
      waitlistEntry.created:
        post:
          requestBody:
            content:
              application/json:
                schema:
                  allOf:
                    - $ref: '#/components/schemas/Envelope'
                    - properties:
                        data:
                          $ref: '#/components/schemas/Entry'
    components:
      schemas:
        Envelope:
          type: object
          properties:
            type: {type: string}
            timestamp: {type: integer}
        Entry:
          type: object
          properties:
            id: {type: string}
            is_locked: {type: boolean}
            status: {type: string, nullable: true, enum: [pending, null]}
            invitation:
              nullable: true
              oneOf:
                - $ref: '#/components/schemas/Invitation'
        Invitation:
          type: object
          properties:
            public_metadata: {type: object, additionalProperties: true}
"""


class Drift(unittest.TestCase):
    def check(self, schema):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "webhooks.yml")
            path.write_text(textwrap.dedent(schema))
            done = subprocess.run([CI / "check-drift", path], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def assert_new(self, text, old, new):
        self.assertIn(old, OPENAPI)
        code, printed = self.check(OPENAPI.replace(old, new))
        self.assertEqual(code, 1, printed)
        self.assertIn(f"new: {text}\n", printed)

    def test_what_we_know_is_no_drift(self):
        code, printed = self.check(OPENAPI)
        self.assertEqual(code, 0, printed)
        self.assertIn("only ours: event user.created\n", printed)
        self.assertIn("only ours: waitlistEntry.created: email_address\n", printed)

    def test_what_is_new_is_seen(self):
        self.assert_new("event planet.discovered", "waitlistEntry.created", "planet.discovered")
        self.assert_new("waitlistEntry.created: size (number)", "is_locked: {type: boolean}", "size: {type: integer}")
        self.assert_new("waitlistEntry.created: id is number, not text", "id: {type: string}", "id: {type: integer}")
        self.assert_new("waitlistEntry.created: status may be frozen", "[pending, null]", "[pending, frozen]")
        self.assert_new(
            "waitlistEntry.created: invitation.colour (text)",
            "public_metadata: {type: object, additionalProperties: true}", "colour: {type: string}",
        )
        self.assert_new("every event: planet (text)", "timestamp: {type: integer}", "planet: {type: string}")

    def test_a_form_that_is_not_understood_is_no_success(self):
        code, printed = self.check("x-webhooks: {}\ncomponents: {schemas: {}}\n")
        self.assertEqual(code, 1)
        self.assertIn("no events", printed)


MANIFEST = """
    [package]
    name = "it"
    version = "0.1.0"
    edition = "2024"
"""


class Semver(unittest.TestCase):
    def check(self, version, api):
        """After a release of 0.1.0 whose API was the items a and b."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            run = lambda *command: subprocess.run(command, cwd=folder, check=True, capture_output=True)
            (folder / ".ci/public-api").mkdir(parents=True)
            (folder / "src").mkdir()
            (folder / "src/lib.rs").touch()
            shutil.copy(CI / "check-semver", folder / ".ci")
            (folder / "Cargo.toml").write_text(textwrap.dedent(MANIFEST))
            (folder / ".ci/public-api/it.txt").write_text("a\nb\n")
            run("cargo", "generate-lockfile", "--offline")
            run("git", "init", "--quiet")
            run("git", "add", ".")
            run("git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "-m", "release")
            (folder / "Cargo.toml").write_text(textwrap.dedent(MANIFEST).replace("0.1.0", version))
            (folder / ".ci/public-api/it.txt").write_text(api)
            run("cargo", "generate-lockfile", "--offline")
            done = subprocess.run(
                [".ci/check-semver", "HEAD"], cwd=folder, capture_output=True, text=True, check=False
            )
            self.assertEqual(done.stderr, "")
            return done.returncode, done.stdout

    def test_a_version_allows_what_has_changed(self):
        self.assertEqual(self.check("0.1.0", "a\nb\n")[0], 0)
        self.assertEqual(self.check("0.1.1", "a\nb\nc\n")[0], 0)
        self.assertEqual(self.check("0.2.0", "a\nc\n")[0], 0)

    def test_a_version_that_is_too_low_is_seen(self):
        code, printed = self.check("0.1.1", "a\nc\n")
        self.assertEqual(code, 1)
        self.assertIn("TOO LOW: it: 0.1.0 -> 0.1.1, 1 lines gone, 1 new; needs a breaking version", printed)
        self.assertIn("gone: b", printed)
        self.assertEqual(self.check("0.1.0", "a\nb\nc\n")[0], 1)


if __name__ == "__main__":
    sys.exit(unittest.main())
