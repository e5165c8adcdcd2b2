"""The real server with the fake engine: `python serve_fake.py SCENARIO.json`."""

from __future__ import annotations

import sys
from pathlib import Path

from trm_lsp.editor.server import main

main([sys.executable, str(Path(__file__).with_name("fake_engine.py")), sys.argv[1]])
