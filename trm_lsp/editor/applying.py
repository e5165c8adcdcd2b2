"""Applying a proposal: checked against the buffers, then done by the editor in one undo step."""

from __future__ import annotations

from lsprotocol import types
from pygls.workspace import Workspace

from trm_lsp.editor import lines as counting
from trm_lsp.editor import to_lsp
from trm_lsp.editor.buffers import text_of
from trm_lsp.editor.client import Client
from trm_lsp.editor.proposals import Offer
from trm_lsp.editor.refused import Refused


async def apply(offer: Offer, client: Client, workspace: Workspace) -> None:
    """Have the editor make a proposal's edit.

    Raises Refused, and nothing is changed, when it holds no longer or the editor will not.
    """
    if not client.can("workspace.apply_edit"):
        raise Refused("This editor cannot apply edits that a server sends.")
    if offer.applying:
        raise Refused("The editor is applying this proposal already.")
    if stale := offer.stale(workspace):
        raise Refused(stale)
    offer.applying = True
    try:
        params = types.ApplyWorkspaceEditParams(edit=_edit(offer, client, workspace), label=f"TRM: {offer.promise}")
        result: types.ApplyWorkspaceEditResult = await client.ask(types.WORKSPACE_APPLY_EDIT, params)
    finally:
        offer.applying = False
    if not result.applied:
        reason = f": {result.failure_reason.rstrip('.')}" if result.failure_reason else ""
        raise Refused(f"The editor did not apply the change{reason}. The proposal is kept.")


def _edit(offer: Offer, client: Client, workspace: Workspace) -> types.WorkspaceEdit:
    annotated = client.can("workspace.workspace_edit.change_annotation_support")
    annotation = to_lsp.Annotation(offer.promise, offer.size, offer.needs_confirmation) if annotated else None
    return to_lsp.workspace_edit(
        [_file_edit(offer, path, client.encoding, workspace) for path in offer.files],
        document_changes=client.can("workspace.workspace_edit.document_changes"),
        annotation=annotation,
    )


def _file_edit(offer: Offer, path: str, encoding: str, workspace: Workspace) -> to_lsp.FileEdit:
    text = text_of(workspace, offer.root, path)
    assert text is not None  # it is not stale
    lines = counting.split(text.shown)
    return to_lsp.FileEdit(
        uri=text.uri,
        version=text.base.version,
        edits=tuple(
            (
                to_lsp.range_between(lines, hunk.start + text.shift, hunk.end + text.shift, encoding),
                hunk.after,
            )
            for hunk in offer.hunks(path)
        ),
    )
