"""The one typed home of every knob. The description of a field is its documentation."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A group of settings: frozen, and a misspelt name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TestSettings(Section):
    __test__ = False

    command: str = Field(
        "", description="The command that runs your tests. Empty: `python -m pytest` in your interpreter."
    )
    timeout: float = Field(60.0, gt=0, le=86_400, description="Seconds a whole test run may take.")
    idle: float = Field(20.0, gt=0, le=86_400, description="Seconds a test run may go without finishing a test.")
    env: tuple[str, ...] = Field(
        (), description="Names of environment variables your tests may see beside PATH, LANG, PYTHON* and the like."
    )
    copied: tuple[str, ...] = Field(
        (), description="Folders that git ignores and your tests need, for instance `build`: they are copied too."
    )
    editable: bool = Field(False, description="Whether a candidate may change test files and test configuration.")


class SandboxSettings(Section):
    level: Literal["auto", "namespaces", "landlock", "none"] = Field(
        "auto",
        description="What holds your tests back: `auto` takes the strongest that works here; `none` is resource limits "
        "alone.",
    )
    network: bool = Field(False, description="Whether tests may use the network. Loopback they always may.")
    memory: int = Field(4096, ge=64, le=1 << 24, description="Megabytes of memory each process of a test run may use.")
    file: int = Field(1024, ge=1, le=1 << 24, description="Megabytes of a file a test may write, and of all it writes.")
    processes: int = Field(1024, ge=16, le=1 << 20, description="Processes and threads all tests together may have.")


class LoopSettings(Section):
    T: int = Field(3, ge=1, le=64, description="Cycles in a supervision step: commits that may build on each other.")
    n: int = Field(6, ge=1, le=256, description="Experiments that inform one commit (z-updates in a cycle).")
    steps: int = Field(64, ge=1, le=1024, description="Supervision steps at most (N_sup).")
    patience: int = Field(
        3, ge=1, le=100, description="Steps in a row that may repeat themselves before a fresh start."
    )
    seed: int = Field(
        0, ge=0, lt=2**63, description="Seed of every random choice: the same seed and work budget repeat a run."
    )


class BudgetSettings(Section):
    seconds: float = Field(60.0, gt=0, le=86_400, description="Seconds a run may take before it ends with its best.")
    work: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Work units a run may spend (about one CPU millisecond each). Empty: no limit.",
    )


class StatisticsSettings(Section):
    decay: float = Field(0.98, gt=0, lt=1, description="EMA decay of success and depth per task type.")
    skills: float = Field(0.95, gt=0, lt=1, description="EMA decay of the confidence in a skill.")


class Settings(Section):
    """Settings of one workspace root, as `trm.*` in the editor and `[tool.trm]` in pyproject.toml."""

    net: Literal["repair"] = Field("repair", description="What proposes candidates: `repair` is embedded.")
    python: str = Field(
        "",
        description="Interpreter that runs your tests. Empty: the workspace's .venv, VIRTUAL_ENV, else the server's.",
    )
    test: TestSettings = TestSettings()
    sandbox: SandboxSettings = SandboxSettings()
    loop: LoopSettings = LoopSettings()
    budget: BudgetSettings = BudgetSettings()
    statistics: StatisticsSettings = StatisticsSettings()
