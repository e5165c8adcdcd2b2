"""Records in memory: tables with indexes, filters that can be written as text, lazy queries, groups and joins."""

from recordset.aggregates import average, count, distinct, greatest, least, total
from recordset.conditions import Condition, field
from recordset.errors import DuplicateKey, QueryError, UnknownKey
from recordset.language import parse
from recordset.query import Query
from recordset.table import Table

__all__ = [
    "Condition",
    "DuplicateKey",
    "Query",
    "QueryError",
    "Table",
    "UnknownKey",
    "average",
    "count",
    "distinct",
    "field",
    "greatest",
    "least",
    "parse",
    "total",
]
