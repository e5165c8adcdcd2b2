"""A language client without a library: nothing of its own is in the times it measures."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

SECONDS = 120.0
"""How long anything may take before the benchmark gives up."""

Message = dict[str, Any]

CAPABILITIES: Message = {
    "workspace": {"applyEdit": True, "configuration": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor"]}}},
        "hover": {"contentFormat": ["markdown"]},
    },
    "window": {"workDoneProgress": True},
}


class Client:
    """A server process, started on a folder, and what it says."""

    def __init__(self, command: Sequence[str], root: Path, settings: Message | None = None) -> None:
        # What is confirmed for a benchmark is not remembered where the user's answers are.
        env = {**os.environ, "XDG_STATE_HOME": str(root.parent / "state")}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, cwd=root, env=env, bufsize=0, **pipes)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.root = root
        self._settings = settings
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._unread = b""
        self._arrived: list[Message] = []
        self._id = 0

    # The protocol

    def initialize(self) -> None:
        folder = {"uri": self.root.as_uri(), "name": self.root.name}
        params = {"processId": os.getpid(), "rootUri": None, "capabilities": CAPABILITIES, "workspaceFolders": [folder]}
        self.request("initialize", params)

    def initialized(self) -> None:
        self.notify("initialized", {})

    def open(self, path: str, text: str | None = None) -> None:
        """Open a file with its text on disk, or with another that is not saved."""
        text = (self.root / path).read_text(encoding="utf-8") if text is None else text
        self.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": self.uri(path), "languageId": "python", "version": 1, "text": text}},
        )

    def hover(self, path: str, line: int) -> float:
        """Hover once; the seconds it took."""
        params = {"textDocument": {"uri": self.uri(path)}, "position": {"line": line, "character": 8}}
        return self.timed("textDocument/hover", params)

    def command(self, name: str, argument: Message) -> Any:
        return self.request("workspace/executeCommand", {"command": name, "arguments": [argument]})

    def timed(self, method: str, params: Any) -> float:
        began = time.perf_counter()
        self.request(method, params)
        return time.perf_counter() - began

    def request(self, method: str, params: Any) -> Any:
        """The result of a request. Raises RuntimeError when it is an error."""
        self._id += 1
        self._send({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        id = self._id
        answer = self.wait(lambda message: message.get("id") == id and "method" not in message)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def notify(self, method: str, params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def wait(self, matching: Callable[[Message], bool]) -> Message:
        """The next message that matches; the others are answered, or dropped."""
        deadline = time.perf_counter() + SECONDS
        while True:
            while self._arrived:
                message = self._arrived.pop(0)
                if matching(message):
                    return message
                self._serve(message)
            self._receive(deadline - time.perf_counter())

    def listen(self, seconds: float) -> None:
        """Take in what the server says for a while."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            if self._selector.select(left):
                self._receive(left)
            for message in self._arrived:
                self._serve(message)
            self._arrived.clear()

    def leave(self) -> None:
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.wait(SECONDS)
        self._selector.close()
        self._stdin.close()
        self._stdout.close()

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    # The process

    def cpu_seconds(self) -> float:
        """On-CPU time of the server's threads, in the scheduler's nanoseconds."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def pss(self, *, tree: bool = False) -> float:
        """Proportional set size in MB: of the server, or of all it has started as well."""
        server = psutil.Process(self.process.pid)
        processes = [server, *server.children(recursive=True)] if tree else [server]
        return sum(process.memory_full_info().pss for process in processes) / 1e6

    def engine(self) -> psutil.Process | None:
        """The engine process, when there is one."""
        return next(iter(psutil.Process(self.process.pid).children()), None)

    # The wire

    def _send(self, message: Message) -> None:
        body = json.dumps(message).encode()
        self._stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def _receive(self, seconds: float) -> None:
        if not self._selector.select(max(0.0, seconds)):
            raise TimeoutError(f"the server said nothing for {SECONDS:.0f} s")
        data = os.read(self._stdout.fileno(), 1 << 16)
        if not data:
            raise EOFError("the server closed the connection")
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            headers = dict(line.split(b": ") for line in self._unread[:end].split(b"\r\n"))
            begin = end + 4
            length = int(headers[b"Content-Length"])
            if len(self._unread) < begin + length:
                return
            self._arrived.append(json.loads(self._unread[begin : begin + length]))
            self._unread = self._unread[begin + length :]

    def _serve(self, message: Message) -> None:
        """Answer what the server asks as an editor without special wishes does."""
        if "method" in message and "id" in message:
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": self._answer(message)})

    def _answer(self, asked: Message) -> Any:
        match asked["method"]:
            case "workspace/configuration":
                return [self._settings for _ in asked["params"]["items"]]
            case "window/showMessageRequest":  # may the tests be run?
                return asked["params"]["actions"][0]
        return None
