#!/usr/bin/env python3
"""steps.py TARGET FOLDER: writes seeds for fuzz_client13, fuzz_server13, fuzz_client12, fuzz_server12 and
fuzz_ticket.

The form of the first four is told in fuzz/peer.h: a scene, then steps that change what the peer says. These do, in each scene
and to each message, what the pair tests do: bytes turned, messages cut, lengthened, left out and doubled,
records of every kind in between, and what may come after the handshake.
"""
import base64
import os
import struct
import sys

SCENES = range(8)
AFTER = 24
CHANGE, INSERT, DELETE, CUT, LEAVE_OUT, MESSAGE, RECORD, RAW = range(8)
UPDATE, DATA, CLOSE, UPDATE_OTHER, REST = range(5)

# the peer's messages, at most
COUNT = {"client13": 8, "server13": 5, "client12": 8, "server12": 6}
TYPES = (0, 1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24, 25, 254)


def head(what, which):
    return bytes([what << 5 | which])


def change(which, at, data):
    return head(CHANGE, which) + struct.pack(">HB", at, len(data)) + data


def insert(which, at, data):
    return head(INSERT, which) + struct.pack(">HB", at, len(data)) + data


def delete(which, at, n):
    return head(DELETE, which) + struct.pack(">HB", at, n)


def cut(which, n):
    return head(CUT, which) + struct.pack(">H", n)


def leave_out(which):
    return head(LEAVE_OUT, which)


def message(which, kind, body):
    return head(MESSAGE, which) + struct.pack(">BH", kind, len(body)) + body


def record(which, kind, body):
    return head(RECORD, which) + struct.pack(">BH", kind, len(body)) + body


def raw(which, data):
    return head(RAW, which) + struct.pack(">H", len(data)) + data


def ticket(lifetime, nonce, data, extensions=b""):
    return (struct.pack(">IIB", lifetime, 7, len(nonce)) + nonce + struct.pack(">H", len(data)) + data
            + struct.pack(">H", len(extensions)) + extensions)


EARLY = struct.pack(">HHI", 42, 4, 1000)
RECORDS = {
    "empty-handshake": (22, b""), "empty-data": (23, b""), "data": (23, b"hello"), "empty-alert": (21, b""),
    "close": (21, b"\1\0"), "fatal": (21, b"\2\x28"), "warning": (21, b"\1\x5a"), "canceled": (21, b"\1\x5a\1\0"),
    "ccs": (20, b"\1"), "wrong-ccs": (20, b"\2"), "heartbeat": (24, b"\1\x40\0"), "half-message": (22, b"\1\0\0"),
    "long-message": (22, b"\1\xff\xff\xff"), "padding": (0, b"\0" * 40),
}
LATER = {
    "update": message(AFTER, 24, b"\0"), "update-asked": message(AFTER, 24, b"\1"), "update-2": message(AFTER, 24, b"\2"),
    "update-empty": message(AFTER, 24, b""), "ticket": message(AFTER, 4, ticket(7200, b"\0", b"t" * 40)),
    "ticket-early": message(AFTER, 4, ticket(7200, b"\1", b"t" * 40, EARLY)),
    "ticket-long": message(AFTER, 4, ticket(604801, b"\2", b"t")), "ticket-empty": message(AFTER, 4, ticket(1, b"", b"")),
    "ticket-dead": message(AFTER, 4, ticket(0, b"\3", b"t")), "ticket-12": message(AFTER, 4, b"\0\0\x1c\x20\0\4tttt"),
    "request": message(AFTER, 0, b""), "hello": message(AFTER, 1, b"\3\3" + b"r" * 32 + b"\0\0\2\x13\1\1\0"),
    "certificate-request": message(AFTER, 13, b"\0\0\0"), "finished": message(AFTER, 20, b"f" * 32),
    "two-updates": message(AFTER, 24, b"\1") + message(AFTER, 24, b"\1"),
    "own-update": head(UPDATE, AFTER) + b"\0\1\0" + head(DATA, AFTER) + b"\0\0\5hello",
    "both-update": head(UPDATE_OTHER, AFTER) + b"\0\1\0" + head(UPDATE, AFTER) + b"\0\1\0" + head(DATA, AFTER) + b"\0\0\1x",
    "data": head(DATA, AFTER) + b"\0\0\5hello" + head(REST, AFTER) + head(REST, AFTER + 1) + head(DATA, AFTER) + b"\0\0\1x",
    "closing": head(CLOSE, AFTER) + b"\0\0\0" + record(AFTER, 23, b"late"), "garbage": raw(AFTER, b"\x17\3\3\0\x20" + b"g" * 32),
    "plain": raw(AFTER, b"\x17\3\3\0\1x"),
}


def seeds(target):
    for scene in SCENES:
        if target == "server13":
            for at in range(0, 520, 2):
                yield f"{scene}-rebound-{at}", bytes([scene | 8]) + change(0, at, b"\xff")
                yield f"{scene}-rebound-zero-{at}", bytes([scene | 8]) + change(0, at, b"\0\0")
        first = bytes([scene])
        yield f"{scene}-plain", first
        for which in range(COUNT[target]):
            name = f"{scene}-{which}"
            for at in (0, 1, 2, 3, 34, 38, 40, 70, 75, 80, 100, 140):
                yield f"{name}-change-{at}", first + change(which, at, b"\xff")
            yield f"{name}-longer", first + insert(which, 0xFFFF, b"\0")
            yield f"{name}-insert", first + insert(which, 4, b"\0\0")
            yield f"{name}-delete", first + delete(which, 6, 2)
            yield f"{name}-empty", first + cut(which, 0)
            yield f"{name}-cut", first + cut(which, 7)
            yield f"{name}-left-out", first + leave_out(which)
            for kind in TYPES:
                yield f"{name}-before-{kind}", first + message(which, kind, b"\0\0")
            for what, (kind, body) in RECORDS.items():
                yield f"{name}-record-{what}", first + record(which, kind, body)
            yield f"{name}-raw", first + raw(which, b"\x80\x2e\1\0\2")
        for what, steps in LATER.items():
            yield f"{scene}-after-{what}", first + steps
        for what, (kind, body) in RECORDS.items():
            yield f"{scene}-after-record-{what}", first + record(AFTER, kind, body)


def tickets():
    """Bytes turned and cut off, of sessions and of what tickets hold; and key files."""
    for how in (4, 5, 6, 7):
        yield f"{how}-same", bytes([how])
        for at in range(0, 400):
            for value in (0, 0xFF):
                yield f"{how}-{at}-{value}", struct.pack(">BHBB", how, at, 1, value)
            yield f"{how}-{at}-cut", struct.pack(">BHB", how, at, 0)
    for n in (0, 1, 16, 43, 44, 45, 48, 80, 200):
        for how in range(4):
            yield f"{how}-of-{n}", bytes([how]) + b"s" * n
    line = base64.b64encode(b"k" * 80) + b"\n"
    for name, text in {"one": line, "three": line * 3, "17": line * 17, "crlf": line.replace(b"\n", b"\r\n"),
                       "short": line[8:], "spare": line[:-3] + b"B=\n", "empty": b"\n\n", "not": b"!!!!\n"}.items():
        yield f"2-{name}", b"\2" + text


def main():
    target, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for name, data in tickets() if target == "ticket" else seeds(target):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
