"""Policies, tags and security groups in a database: `migrate` makes its tables, `open_store` works with them."""

from poplin.controller.store.engine import Pool
from poplin.controller.store.errors import (
    QuotaExceeded,
    QuotaUnknown,
    SchemaMismatch,
    StoreError,
    TagsExhausted,
    TagTypeTaken,
)
from poplin.controller.store.migrate import migrate
from poplin.controller.store.store import Store, open_store

__all__ = [
    "Pool",
    "QuotaExceeded",
    "QuotaUnknown",
    "SchemaMismatch",
    "Store",
    "StoreError",
    "TagTypeTaken",
    "TagsExhausted",
    "migrate",
    "open_store",
]
