"""Where an earlier release kept orders of Spaces; the next step takes away what it left."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing: new databases never had them."""
