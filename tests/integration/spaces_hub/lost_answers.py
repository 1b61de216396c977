"""A Space with a secret, for a Hub that is not well."""

from pipeline.domain.space import SettingKind, SpaceSettings
from tests.builders import make_files

ID = "deployer/sales"
SECRETS = SettingKind.SECRETS
SECRET = "s3cret-of-the-space"
CARD = "---\ntitle: Sales\nsdk: static\n---\n"
FILES = make_files({"README.md": CARD, "index.html": "<h1>Sales</h1>"})
WITH_SECRET = SpaceSettings({"KEY": SECRET})
