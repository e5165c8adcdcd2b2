"""Every knob, with a sentence each, and where its value came from."""

from trm_lsp.settings.loading import Loaded, load, pyproject_values
from trm_lsp.settings.model import SandboxSettings, Settings

__all__ = ["Loaded", "SandboxSettings", "Settings", "load", "pyproject_values"]
