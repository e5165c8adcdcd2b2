"""Framed messages: four bytes of length, then JSON."""

import json
import mmap
import os
import struct

_LENGTH = struct.Struct(">I")
_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def encode(message):
    # A test may raise any text, with lone surrogates too: no JSON reader need take those.
    return _JSON.encode(message).encode("utf-8", "replace")


def write(fd, *messages):
    """Write messages whole. Raises OSError when nobody reads any more."""
    write_raw(fd, *map(encode, messages))


def write_raw(fd, *messages):
    """Write messages that are JSON already, as one piece."""
    write_bytes(fd, framed(*messages))


def framed(*messages):
    return b"".join(_LENGTH.pack(len(message)) + message for message in messages)


def write_bytes(fd, data):
    while data:
        data = data[os.write(fd, data) :]


class Board:
    """Memory that a process shares with its forks: messages are left here at no cost, to be read when they end."""

    SIZE = 1 << 16

    def __init__(self):
        self._memory = mmap.mmap(-1, self.SIZE)

    def _used(self):
        return _LENGTH.unpack_from(self._memory)[0]

    def leave(self, data):
        """Add bytes; return whether there was room."""
        used = self._used()
        end = _LENGTH.size + used + len(data)
        if end > self.SIZE:
            return False
        self._memory[_LENGTH.size + used : end] = data
        _LENGTH.pack_into(self._memory, 0, used + len(data))
        return True

    def take(self):
        """Everything that was left; the board is empty then."""
        data = self._memory[_LENGTH.size : _LENGTH.size + self._used()]
        _LENGTH.pack_into(self._memory, 0, 0)
        return data

    def stand(self):
        """A number that changes when something is left."""
        return self._used()

    def close(self):
        self._memory.close()


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
