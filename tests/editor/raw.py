"""A client that reads and writes bytes: what the server really sends, no library in between."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = 20.0


class Raw:
    """A server process, every byte of its stdout, and the messages in it."""

    def __init__(self, *command: str, root: Path) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root
        )
        self.root = root
        self.bytes = b""
        self.messages: list[dict[str, Any]] = []
        self._rest = b""
        self._id = 0

    def send(self, method: str, params: Any, *, request: bool = True) -> int:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if request:
            self._id += 1
            message["id"] = self._id
        self._write(message)
        return self._id

    def respond(self, to: dict[str, Any], result: Any) -> None:
        self._write({"jsonrpc": "2.0", "id": to["id"], "result": result})

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def until(self, matching: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read until a message matches; fails on bytes that are no protocol."""
        end = time.monotonic() + SECONDS
        looked = 0
        while True:
            for message in self.messages[looked:]:
                if matching(message):
                    return message
            looked = len(self.messages)
            assert self.read(end - time.monotonic()), f"the server said nothing more; so far {self.messages}"

    def read(self, seconds: float) -> bool:
        """Take in some bytes; False at the end, or when none came in time."""
        assert self.process.stdout is not None
        fd = self.process.stdout.fileno()
        ready, _, _ = select.select([fd], [], [], max(0.0, seconds))
        data = os.read(fd, 1 << 16) if ready else b""
        self.bytes += data
        self._rest += data
        while b"\r\n\r\n" in self._rest:
            head, _, rest = self._rest.partition(b"\r\n\r\n")
            headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n"))
            length = int(headers[b"Content-Length"])
            if len(rest) < length:
                break
            self.messages.append(json.loads(rest[:length]))
            self._rest = rest[length:]
        return bool(data)

    def answer(self, id: int) -> dict[str, Any]:
        return self.until(lambda message: message.get("id") == id and "method" not in message)

    def initialize(self, capabilities: dict[str, Any]) -> dict[str, Any]:
        folder = {"uri": self.root.as_uri(), "name": "root"}
        params = {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities, "workspaceFolders": [folder]}
        result = self.answer(self.send("initialize", params))
        self.send("initialized", {}, request=False)
        return result

    def leave(self) -> int:
        """Shut down and exit; returns the status, all bytes read."""
        self.answer(self.send("shutdown", None))
        self.send("exit", None, request=False)
        while self.read(SECONDS):
            pass
        status = self.process.wait(SECONDS)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return status
