"""Mutants by cosmic-ray, a mutation tool of the registry, at its own operators.

The tool is used as a library, in an environment of its own below
`build/bench`: it shares no interpreter with us or with the packages.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.cold import digest
from bench.fragment import Fragment
from bench.packages import BUILD, WHEELS, environment, requirements
from trm_lsp.core.state import Edit

NEEDS = ("cosmic-ray", "parso", "stevedore", "attrs")
"""The tool and what its operators import; its database, its servers and its reports are not installed."""
PROGRAM = Path(__file__).with_name("cosmic_ray_mutants.py")


def mutants(fragments: Sequence[Fragment]) -> list[dict[str, list[Edit]]]:
    """Of each function: the tool's mutants by kind of operator. What has been asked once is remembered.

    Raises CalledProcessError where the tool cannot be installed or does not work.
    """
    texts = [fragment.module for fragment in fragments]
    known = BUILD / "cosmic-ray" / f"{digest([requirements(NEEDS, WHEELS), PROGRAM.read_text(), texts])}.json"
    if not known.exists():
        python = environment(BUILD / "cosmic-ray" / "env", NEEDS)
        told = subprocess.run(
            [str(python), "-I", str(PROGRAM)], input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True
        )
        known.write_text(told.stdout, encoding="utf-8")
    found = json.loads(known.read_text(encoding="utf-8"))
    return [_by_kind(fragment, those) for fragment, those in zip(fragments, found, strict=True)]


def kind(operator: str) -> str:
    """What an operator does, without what it is done to: `core/ReplaceBinaryOperator_Add_Sub` replaces an operator."""
    name = operator.rpartition("/")[2].partition("_")[0]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _by_kind(fragment: Fragment, mutants: Sequence[tuple[str, int, int, str]]) -> dict[str, list[Edit]]:
    found: dict[str, list[Edit]] = {}
    for operator, start, end, text in mutants:
        if start >= fragment.added:  # what makes a module of the function is not its own
            found.setdefault(kind(operator), []).append(fragment.edit(start, end, text))
    return found
