"""Framed messages: four bytes of length, then JSON."""

import json
import os
import struct

_LENGTH = struct.Struct(">I")


def encode(message):
    # A test may raise any text, with lone surrogates too: no JSON reader need take those.
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def write(fd, *messages):
    """Write messages whole. Raises OSError when nobody reads any more."""
    write_raw(fd, *map(encode, messages))


def write_raw(fd, *messages):
    """Write messages that are JSON already, as one piece."""
    data = b"".join(_LENGTH.pack(len(message)) + message for message in messages)
    while data:
        data = data[os.write(fd, data) :]


class Reader:
    """Collects bytes and gives out whole messages."""

    def __init__(self):
        self._data = bytearray()

    def feed_raw(self, data):
        """Add bytes; return the messages they complete, as JSON."""
        self._data += data
        messages = []
        while len(self._data) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data)
            end = _LENGTH.size + length
            if len(self._data) < end:
                break
            messages.append(bytes(self._data[_LENGTH.size : end]))
            del self._data[:end]
        return messages

    def feed(self, data):
        """Add bytes; return the messages they complete."""
        return [json.loads(message.decode("utf-8")) for message in self.feed_raw(data)]
