"""The tables of the original policy server as its step 79 leaves them. Where MySQL commits half, the rest follows."""

from __future__ import annotations

from alembic import op

from poplin.controller.store.adoption import record_all
from poplin.controller.store.errors import StoreError
from poplin.controller.store.moments import ensure_moment
from poplin.controller.store.schema import ORIGINAL, policies_info

revision = "original"
down_revision = None


def upgrade() -> None:
    """Make what is missing, and the one row that says when policies changed."""
    connection = op.get_bind()
    ORIGINAL.create_all(connection)
    ensure_moment(connection, policies_info)
    record_all(connection)


def downgrade() -> None:
    """Never: it would take the policies with it."""
    raise StoreError("down migration not supported")
