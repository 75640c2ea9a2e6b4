"""Our own tables, which the original does not look at, and an index for destinations nobody may reach any more."""

from __future__ import annotations

from alembic import op

from poplin.controller.store.errors import StoreError
from poplin.controller.store.moments import ensure_moment
from poplin.controller.store.schema import OWN, policies, security_groups_info

revision = "own"
down_revision = "original"


def upgrade() -> None:
    """Make what is missing, and the one row that says when security groups changed."""
    connection = op.get_bind()
    OWN.create_all(connection)
    ensure_moment(connection, security_groups_info)
    if connection.dialect.name != "mysql":  # which has an index for each foreign key
        op.create_index(
            "poplin_policies_destination", policies.name, [policies.c.destination_id.name], if_not_exists=True
        )


def downgrade() -> None:
    """Never: tags that rest would be given away."""
    raise StoreError("down migration not supported")
