"""What the checks need to know of Rust source: its code without comments, literals and tests, and the
tree of its modules. A scanner and no parser: it relies on source that compiles and is formatted.
"""

import pathlib
import re
from dataclasses import dataclass

SPECIAL = re.compile(
    r"""(?P<line_comment> //[^\n]*)
    | (?P<block_comment> /\*)
    | (?P<raw_string> \b[bc]?r(?P<hashes>\#*)")
    | (?P<string> "(?:\\.|[^"\\])*")
    | (?P<character> '(?:\\(?:x..|u\{[^}]*\}|.)|[^\\'\n])')
    | (?P<lifetime> '\w+)
    """,
    re.VERBOSE | re.DOTALL,
)
TOKEN = re.compile(r"::|r#\w+|\w+|\S")
OPEN, CLOSE = "([{", ")]}"
ENDED_BY_SEMICOLON = {"const", "let", "static", "type", "use"}
ITEMS = {
    "async", "enum", "extern", "fn", "impl", "mod", "struct", "trait", "union", "unsafe",
    *ENDED_BY_SEMICOLON,
}


@dataclass(frozen=True)
class Token:
    text: str
    start: int


def blank(text, start, end):
    """The same text with nothing but its line breaks between start and end."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def code(text):
    """The text, of the same length, without comments and without what literals contain."""
    at = 0
    while match := SPECIAL.search(text, at):
        at = match.end()
        if match["block_comment"]:
            at = end_of_block_comment(text, match.start())
        elif match["raw_string"]:
            at = text.index('"' + match["hashes"], at) + 1 + len(match["hashes"])
        if not match["lifetime"]:
            text = blank(text, match.start(), at)
    return text


def end_of_block_comment(text, start):
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, start):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    raise ValueError("a comment without an end")


def tokens(text):
    return [Token(match[0], match.start()) for match in TOKEN.finditer(text)]


def closing(found, at):
    """The index of the token that closes the bracket at `at`."""
    depth = 0
    for index in range(at, len(found)):
        depth += (found[index].text in OPEN) - (found[index].text in CLOSE)
        if depth == 0:
            return index
    raise ValueError("a bracket without an end")


def without_tests(text):
    """Code without the items, fields and arms that only `cfg(test)` compiles."""
    found = tokens(text)
    at = 0
    while at + 1 < len(found):
        if (found[at].text, found[at + 1].text) != ("#", "["):
            at += 1
            continue
        end = closing(found, at + 1)
        words = [token.text for token in found[at + 2 : end]]
        if words[:2] == ["cfg", "("] and requires_test(words[2:-1]):
            last = end_of_item(found, end + 1)
            text = blank(text, found[at].start, found[last].start + len(found[last].text))
            at = last
        at += 1
    return text


def requires_test(words):
    """Whether a configuration predicate, such as `all(test, unix)`, is false outside of tests."""
    if words[:1] not in (["all"], ["any"]):
        return words == ["test"]
    parts, depth = [[]], 0
    for word in words[2:-1]:
        depth += (word == "(") - (word == ")")
        if word == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    answers = [requires_test(part) for part in parts if part]
    return any(answers) if words[0] == "all" else bool(answers) and all(answers)


def end_of_item(found, at):
    """The index of an item's last token: a semicolon, a closing brace, or a field's or arm's comma."""
    while found[at].text == "#":
        at = closing(found, at + 1) + 1
    if found[at].text == "pub":
        at = closing(found, at + 1) + 1 if found[at + 1].text == "(" else at + 1
    first, second = found[at].text, found[at + 1].text
    if first in ENDED_BY_SEMICOLON and second != "fn":
        ends = ";"
    else:
        ends = ";{" if first in ITEMS or second == "!" else ",;"
    while at < len(found) and found[at].text not in CLOSE:
        start = at
        if found[at].text in OPEN:
            at = closing(found, at)
        if found[start].text in ends:
            return at
        at += 1
    return at - 1


@dataclass
class File:
    """A source file that is part of the crate: the path of its module, and its code without tests."""

    path: pathlib.Path
    module: tuple
    code: str

    def line(self, start):
        return self.code.count("\n", 0, start) + 1


def crate(src):
    """The files of a crate, from `lib.rs` or `main.rs` down; without those that only tests compile."""
    files, todo = [], []
    for root in ("lib.rs", "main.rs"):
        if (src / root).exists():
            todo.append((src / root, ()))
            break
    else:
        raise SystemExit(f"{src}: neither lib.rs nor main.rs")
    while todo:
        path, module = todo.pop()
        kept = without_tests(code(path.read_text()))
        files.append(File(path, module, kept))
        for child in re.findall(r"\bmod\s+(\w+)\s*;", kept):
            todo.append((source(path, child), (*module, child)))
    return sorted(files, key=lambda file: file.path)


def source(path, child):
    """The file of `mod child;`. `#[path]` is unknown here and ends with an error."""
    folder = path.parent if path.name in ("lib.rs", "main.rs", "mod.rs") else path.with_suffix("")
    for candidate in (folder / f"{child}.rs", folder / child / "mod.rs"):
        if candidate.exists():
            return candidate
    raise SystemExit(f"{path}: no file for `mod {child};`")
