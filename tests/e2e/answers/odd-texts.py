# SPDX-License-Identifier: MIT
"""Texts that mean harm, in every string of a stream, in its keys, in file names and arguments, through every
command and format:  odd-texts.py UVTREE STREAM SEED FOLDER

What is text holds no control character but the end of a line, nothing that turns its order, and is UTF-8;
what is JSON can be read as such, and no control character stands in it as it is."""

import json
import os
import random
import re
import subprocess
import sys

uvtree, stream, seed, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), os.fsencode(sys.argv[4])
rng = random.Random(seed)

SHOWN = [b"\x1b]0;x\x07", b"\x1b[31m", b"\n", b"\r", b"\t", b"\x7f"] + [
    c.encode() for c in "\x80\x9b\x9f\u061c\u200e\u202e\u2028\u2066\u2069\xe9\u20ac\U0001f600"] + [
    b"a", b'"', b"\\", b"</script>", b";", b"&", b",", b"%s%n", b" "]
BROKEN = [b"\xff", b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"]
KEPT = {"how", "route", "layer", "kind", "origin", "state", "event", "role", "type"}  # what else is refused or not looked at


def odd(broken, most=40):
    """Now and then long, with characters of four bytes: wherever it is cut, that may be inside one."""
    if rng.random() < 0.2:
        return b"x" * rng.randrange(4) + "\U0001f600".encode() * rng.choice([10, 31, 40, 64, 130, 300])
    return b"".join(rng.choice(SHOWN + (BROKEN if broken else [])) for _ in range(1 + rng.randrange(most)))


def escaped(text):
    text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return re.sub(rb"[\x00-\x1f]", lambda c: b"\\u%04x" % c.group()[0], text)


class Line:
    """A line of the stream with odd texts in it: JSON has no way to say what is not UTF-8, so bytes are put in."""

    def __init__(self, event, broken):
        self.texts, self.broken = [], broken
        event = dict(event)
        if event.get("data"):
            event["data"] = {self.key(k): self.odd(k, v) for k, v in event["data"].items()}
            if rng.random() < 0.2:
                event["data"][self.hold()] = self.hold() if rng.random() < 0.5 else 1
        line = json.dumps(event).encode()
        for i, text in enumerate(self.texts):
            line = line.replace(b"@%d@" % i, escaped(text))
        self.bytes = line

    def hold(self):
        self.texts.append(odd(self.broken))
        return "@%d@" % (len(self.texts) - 1)

    def key(self, key):
        return key

    def odd(self, key, value):
        if isinstance(value, list):
            return [self.odd(key, v) for v in value]
        if not isinstance(value, str) or rng.random() < (0.9 if key in KEPT else 0.3):
            return value
        return self.hold()


def lines_of(broken):
    for line in open(stream, "rb"):
        event = json.loads(line)
        yield Line(event, broken).bytes
        if event["event"] == "executeBegin" and rng.random() < 0.3:
            label = {**{k: event[k] for k in ("executeID", "processID", "pid", "time") if k in event},
                     "event": "label", "data": {"kind": "http.server.request", "name": "x", "id": rng.randrange(1, 99)}}
            yield Line(label, broken).bytes


UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
TURNING = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\t]")
COMMANDS = [["tree"], ["tree", "--ascii"], ["tree", "--format", "json"], ["tree", "--pending"], ["check"], ["stats"],
            ["stats", "--format", "json"], ["requests"], ["requests", "--format", "json"],
            ["requests", "--format", "csv"], ["path", "--index", "3"], ["path", "--index", "3", "--format", "json"],
            ["stack", "--index", "3"], ["stack", "--failed"], ["stack", "--failed", "--format", "json"], ["convert"],
            ["convert", "--format", "chrome"], ["convert", "--format", "dot"], ["convert", "--format", "folded"],
            ["view", "--output", "-"], ["tree", odd(False)], ["tree", "--index", odd(False)], [odd(False)]]
failed = 0


def complain(command, where, what):
    global failed
    failed += 1
    print(f"seed {seed}: {command}: {where}: {what}")


def expect_text(command, where, text, is_json):
    try:
        text = text.decode()
    except UnicodeDecodeError as error:
        return complain(command, where, error)
    found = UNSAFE.search(text.replace("\r\n", "\n") if "csv" in command else text)
    found = found or (not is_json and TURNING.search(text))
    if found:
        complain(command, where, ascii(text[max(0, found.start() - 40):found.end() + 20]))


def run(command, source):
    is_json = any(c in ("json", "chrome", "convert") for c in command) and not {"dot", "folded"} & set(command)
    done = subprocess.run([uvtree, *command, source], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if done.returncode not in (0, 1, 2):
        complain(command, "status", done.returncode)
    expect_text(command, "standard error", done.stderr, False)
    if command[0] == "view":  # a page: its own lines have tabs or not, what is in it is JSON
        return expect_text(command, "page", done.stdout, True)
    expect_text(command, "standard output", done.stdout, is_json)
    if is_json and done.stdout:
        for part in done.stdout.splitlines() if command == ["convert"] else [done.stdout]:
            try:
                json.loads(part)
            except ValueError as error:
                complain(command, "JSON", f"{error}: {part[:200]}")
    return done.returncode


answered = 0
for round_ in range(4):
    inside = os.path.join(folder, odd(True, 12).replace(b"/", b"").replace(b"\0", b"")[:120])
    os.makedirs(inside, exist_ok=True)
    source = os.path.join(inside, b"stream%d.jsonl" % round_)
    with open(source, "wb") as file:
        file.write(b"\n".join(lines_of(round_ % 2)) + b"\n")
    for command in COMMANDS:
        answered += run(command, source) == 0
    run(["tree"], source + b".not")
    run(["convert"], inside)
if answered < 20:
    complain(["all"], "status", f"only {answered} commands answered: the streams were refused")
sys.exit(failed != 0)
