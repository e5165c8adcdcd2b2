"""Workspace roots, and which of them a file belongs to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import Workspace

from trm_lsp.editor.refused import Refused


class Root(NamedTuple):
    """One workspace folder."""

    uri: str
    path: str
    """Absolute and normalised."""

    def uri_of(self, relative: str) -> str:
        """The URI of a file by its path relative to the root."""
        return str(from_fs_path(self.file(relative)))

    def file(self, relative: str) -> str:
        return os.path.join(self.path, *relative.split("/"))

    def relative(self, path: str) -> str | None:
        """The path of a file below the root, with forward slashes; None when it is elsewhere."""
        for root, file in ((self.path, os.path.normpath(path)), (os.path.realpath(self.path), os.path.realpath(path))):
            if file == root:
                return "."
            if file.startswith(root.rstrip(os.sep) + os.sep):
                return os.path.relpath(file, root).replace(os.sep, "/")
        return None


def roots(workspace: Workspace) -> list[Root]:
    """The workspace folders, or what a client from before workspace folders calls its root."""
    uris = [folder.uri for folder in workspace.folders.values()]
    if not uris and workspace.root_uri:
        uris = [workspace.root_uri]
    return [Root(uri, os.path.normpath(path)) for uri in uris if (path := to_fs_path(uri))]


def locate(uri: str, among: Sequence[Root]) -> tuple[Root, str]:
    """The innermost root that holds a file, and the file's path in it.

    Raises Refused when there is none.
    """
    if not among:
        raise Refused("TRM runs in a workspace folder and none is open: open the folder that holds your tests.")
    path = to_fs_path(uri)
    if not path:
        raise Refused(f"{uri} is not a file on disk, so TRM cannot run tests on it: save it in the workspace first.")
    for root in sorted(among, key=lambda root: len(root.path), reverse=True):
        relative = root.relative(path)
        if relative is not None:
            return root, relative
    raise Refused(f"{path} is outside of the workspace: open the folder it belongs to.")
