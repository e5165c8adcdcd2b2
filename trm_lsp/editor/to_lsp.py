"""The one place that makes protocol values: positions, edits, diagnostics, actions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lsprotocol import types

from trm_lsp.editor import lines as counting

SOURCE = "trm"


def range_between(lines: Sequence[str], start: int, end: int, encoding: str) -> types.Range:
    """The client's range of two code point offsets."""
    first, last = counting.position(lines, start, encoding), counting.position(lines, end, encoding)
    return types.Range(
        start=types.Position(line=first[0], character=first[1]), end=types.Position(line=last[0], character=last[1])
    )


def range_of_line(lines: Sequence[str], line: int, encoding: str) -> types.Range:
    """The range of what is written on a line (from 0), indentation aside."""
    line = max(0, min(line, len(lines) - 1))
    text = counting.content(lines[line]) if lines else ""
    indent = len(text) - len(text.lstrip())
    return types.Range(
        start=types.Position(line=line, character=counting.units(text[:indent], encoding)),
        end=types.Position(line=line, character=counting.units(text.rstrip(), encoding)),
    )


class Place(NamedTuple):
    """A failure's own place, when it is not where the diagnostic is."""

    uri: str
    range: types.Range
    message: str


def diagnostic(at: types.Range, test: str, message: str, place: Place | None = None) -> types.Diagnostic:
    """A failing test, with its id as the code."""
    related = place and [
        types.DiagnosticRelatedInformation(
            location=types.Location(uri=place.uri, range=place.range), message=place.message
        )
    ]
    return types.Diagnostic(
        range=at,
        message=message,
        severity=types.DiagnosticSeverity.Error,
        code=test,
        source=SOURCE,
        related_information=related,
    )


def action(
    title: str,
    kind: types.CodeActionKind,
    command: str,
    argument: dict[str, Any],
    *,
    diagnostics: Sequence[types.Diagnostic] | None = None,
    preferred: bool | None = None,
    disabled: str = "",
) -> types.CodeAction:
    """A code action that runs one of our commands; a disabled one says why and runs nothing."""
    return types.CodeAction(
        title=title,
        kind=kind,
        diagnostics=diagnostics,
        is_preferred=preferred,
        disabled=types.CodeActionDisabled(reason=disabled) if disabled else None,
        command=None if disabled else types.Command(title=title, command=command, arguments=[argument]),
    )


class FileEdit(NamedTuple):
    """The edits of one file; `version` is None for a file that is not open."""

    uri: str
    version: int | None
    edits: tuple[tuple[types.Range, str], ...]


class Annotation(NamedTuple):
    label: str
    description: str
    needs_confirmation: bool


_ANNOTATION = "trm"


def workspace_edit(
    files: Iterable[FileEdit], *, document_changes: bool, annotation: Annotation | None
) -> types.WorkspaceEdit:
    """One edit over all files: versioned where the client takes it, annotated when `annotation` is given."""
    if not document_changes:
        return types.WorkspaceEdit(
            changes={file.uri: [types.TextEdit(range=at, new_text=text) for at, text in file.edits] for file in files}
        )
    return types.WorkspaceEdit(
        document_changes=[
            types.TextDocumentEdit(
                text_document=types.OptionalVersionedTextDocumentIdentifier(uri=file.uri, version=file.version),
                edits=[_text_edit(at, text, annotated=annotation is not None) for at, text in file.edits],
            )
            for file in files
        ],
        change_annotations=annotation
        and {
            _ANNOTATION: types.ChangeAnnotation(
                label=annotation.label,
                description=annotation.description,
                needs_confirmation=annotation.needs_confirmation,
            )
        },
    )


def _text_edit(at: types.Range, text: str, *, annotated: bool) -> types.TextEdit | types.AnnotatedTextEdit:
    if annotated:
        return types.AnnotatedTextEdit(annotation_id=_ANNOTATION, range=at, new_text=text)
    return types.TextEdit(range=at, new_text=text)


def hover(text: str, at: types.Range, *, markdown: bool) -> types.Hover:
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    return types.Hover(contents=types.MarkupContent(kind=kind, value=text), range=at)
