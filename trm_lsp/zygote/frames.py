"""Framed messages: four bytes of length, then JSON."""

import json
import os
import struct

_LENGTH = struct.Struct(">I")


def write(fd, message):
    """Write one message whole. Raises OSError when nobody reads any more."""
    # A test may raise any text, with lone surrogates too: no JSON reader need take those.
    data = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    data = _LENGTH.pack(len(data)) + data
    while data:
        data = data[os.write(fd, data) :]


class Reader:
    """Collects bytes and gives out whole messages."""

    def __init__(self):
        self._data = bytearray()

    def feed(self, data):
        """Add bytes; return the messages they complete."""
        self._data += data
        messages = []
        while len(self._data) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data)
            end = _LENGTH.size + length
            if len(self._data) < end:
                break
            messages.append(json.loads(self._data[_LENGTH.size : end].decode("utf-8")))
            del self._data[:end]
        return messages
