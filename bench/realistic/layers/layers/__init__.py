"""Configuration in layers: defaults below, files and the environment above, checked against a schema."""

from layers.config import Config
from layers.errors import BadReference, BadSyntax, ConfigError, Invalid, Missing
from layers.fields import Boolean, Choice, Field, Integer, ListOf, String
from layers.schema import Schema
from layers.sources import from_environment, from_text

__all__ = [
    "BadReference",
    "BadSyntax",
    "Boolean",
    "Choice",
    "Config",
    "ConfigError",
    "Field",
    "Integer",
    "Invalid",
    "ListOf",
    "Missing",
    "Schema",
    "String",
    "from_environment",
    "from_text",
]
