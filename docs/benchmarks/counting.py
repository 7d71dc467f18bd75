"""Builds a benchmark of `interop/`, and counts the instructions of its runs with valgrind's callgrind."""

import json
import pathlib
import re
import subprocess

INTEROP = pathlib.Path(__file__).resolve().parent.parent.parent / "interop"


def build(bench, *arguments):
    command = ["cargo", "bench", "--locked", "--bench", bench, "--no-run", "--message-format=json", *arguments]
    messages = subprocess.run(command, check=True, cwd=INTEROP, stdout=subprocess.PIPE, text=True).stdout
    built = (json.loads(line) for line in messages.splitlines())
    return next(message["executable"] for message in built
                if message.get("target", {}).get("name") == bench and message.get("executable"))


def count(program, *arguments):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, *map(str, arguments)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    return int(re.search(r"Collected : (\d+)", said)[1])
