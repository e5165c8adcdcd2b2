"""The code actions: refine what is here, apply or discard what was proposed. Nothing is run to answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from trm_lsp.editor import to_lsp
from trm_lsp.editor.commands import APPLY, DISCARD, REFINE
from trm_lsp.editor.roots import Root
from trm_lsp.editor.targets import Outline, Target

if TYPE_CHECKING:  # before the first job there is no session, and no pydantic is imported
    from trm_lsp.editor.proposals import Offer
    from trm_lsp.editor.session import Session

KINDS = [types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorRewrite]
DIAGNOSTICS_OFFERED = 5
"""Failing tests of one place that get an action each."""

Action = types.CodeAction


def code_actions(
    params: types.CodeActionParams, root: Root, path: str, outline: Outline, session: Session | None
) -> list[Action]:
    """All actions for a range of a file, proposals first."""
    failing = _failing(params, root, path, session)
    actions = [
        *_on_proposals(root, path, failing, session),
        *_on_failures(params.text_document.uri, failing),
        *_on_functions(params, path, outline),
    ]
    wanted = [action for action in actions if _wanted(action, params.context.only)]
    # A failing test is offered as a quick fix and, where its function is, as a rewrite: once is enough.
    return list({action.title: action for action in reversed(wanted)}.values())[::-1]


def for_client(
    actions: Sequence[Action], *, literals: bool, disabled: bool, preferred: bool
) -> list[types.CodeAction | types.Command]:
    """Only what the client understands: it may know no disabled actions, or nothing but commands."""
    shown = [action for action in actions if disabled or not action.disabled]
    if not literals:
        return [action.command for action in shown if action.command]
    for action in shown:
        action.is_preferred = action.is_preferred if preferred else None
    return list(shown)


def _wanted(action: Action, only: Sequence[types.CodeActionKind | str] | None) -> bool:
    """Whether a client that asks for some kinds asks for this one: `refactor` includes `refactor.rewrite`."""
    if only is None or action.kind is None:
        return True
    kind = _name(action.kind)
    return any(kind == _name(asked) or kind.startswith(f"{_name(asked)}.") for asked in only)


def _name(kind: types.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, types.CodeActionKind) else kind


def _failing(
    params: types.CodeActionParams, root: Root, path: str, session: Session | None
) -> dict[str, types.Diagnostic]:
    """Failing tests shown at the range, by id: those the client names, and those we know there."""
    named = {
        diagnostic.code: diagnostic
        for diagnostic in params.context.diagnostics
        if diagnostic.source == to_lsp.SOURCE and isinstance(diagnostic.code, str)
    }
    if session:
        for shown in session.failures.between(root, path, params.range.start.line, params.range.end.line):
            named.setdefault(shown.result.id, shown.diagnostic)
    return named


def _on_failures(uri: str, failing: dict[str, types.Diagnostic]) -> Iterator[Action]:
    for test, diagnostic in list(failing.items())[:DIAGNOSTICS_OFFERED]:
        yield to_lsp.action(
            f"Refine with TRM: make {test.rpartition('::')[2]} pass",
            types.CodeActionKind.QuickFix,
            REFINE,
            {"uri": uri, "tests": [test]},
            diagnostics=[diagnostic],
        )
    if len(failing) > 1:
        yield to_lsp.action(
            f"Refine with TRM: make these {len(failing)} tests pass",
            types.CodeActionKind.QuickFix,
            REFINE,
            {"uri": uri, "tests": list(failing)},
            diagnostics=list(failing.values()),
        )


def _on_functions(params: types.CodeActionParams, path: str, outline: Outline) -> Iterator[Action]:
    """On the test or function at a cursor, or on the tests of a selection."""
    first, last = params.range.start.line + 1, params.range.end.line + 1
    selected = outline.tests_between(first, last)
    target = outline.at(first)
    if len(selected) > 1:
        title, argument = f"Refine with TRM: make {len(selected)} tests pass", _tests(path, selected)
    elif target is None:
        return
    elif target.node_id:
        title, argument = f"Refine with TRM: make {target.name.rpartition('.')[2]} pass", _tests(path, [target])
    else:
        title, argument = f"Refine with TRM: the tests that reach {target.name}", _focus(target)
    argument["uri"] = params.text_document.uri
    yield to_lsp.action(title, types.CodeActionKind.RefactorRewrite, REFINE, argument)


def _tests(path: str, targets: Sequence[Target]) -> dict[str, Any]:
    return {"tests": [f"{path}::{target.node_id}" for target in targets]}


def _focus(target: Target) -> dict[str, Any]:
    return {"focus": {"first_line": target.first_line, "last_line": target.last_line, "name": target.name}}


def _on_proposals(
    root: Root, path: str, failing: dict[str, types.Diagnostic], session: Session | None
) -> Iterator[Action]:
    """Apply and Discard, in the files a proposal changes and on the failures it answers."""
    if session is None:
        return
    found: dict[str, tuple[Offer, list[types.Diagnostic]]] = {}
    for test, diagnostic in failing.items():
        for offer in session.offers.answering(root, test):
            found.setdefault(offer.job, (offer, []))[1].append(diagnostic)
    for offer in session.offers.touching(root, path):
        found.setdefault(offer.job, (offer, []))
    for offer, diagnostics in found.values():
        yield from _decisions(offer, session, diagnostics or None, alone=len(found) == 1)


def _decisions(
    offer: Offer, session: Session, diagnostics: list[types.Diagnostic] | None, *, alone: bool
) -> Iterator[Action]:
    stale = offer.stale(session.workspace)
    which = "" if alone else f", for {offer.target.words}"
    yield to_lsp.action(
        f"Apply: {offer.promise} ({offer.size}){which}",
        types.CodeActionKind.QuickFix,
        APPLY,
        {"job": offer.job},
        diagnostics=diagnostics,
        preferred=True if offer.solved and not stale else None,
        disabled=stale,
    )
    yield to_lsp.action(
        "Discard" if alone else f"Discard: {offer.promise}{which}",
        types.CodeActionKind.QuickFix,
        DISCARD,
        {"job": offer.job},
        diagnostics=diagnostics,
    )
