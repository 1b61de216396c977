"""DEPLOY_SECRETS_FILE: whose secret is whose."""

import json
from pathlib import Path

from pydantic import SecretStr

from pipeline.domain.errors import Misconfigured

LONGEST_SECRETS_FILE = 10 * 1024 * 1024


def read_owner_secrets(path: Path) -> dict[str, SecretStr]:
    """The secret of each owner, by e-mail address.

    Raises:
        Misconfigured: the file cannot be read, or is no JSON map of address to secret.
    """
    name = f"DEPLOY_SECRETS_FILE ({path})"
    try:
        with path.open("rb") as file:
            owners = json.loads(file.read(LONGEST_SECRETS_FILE))
    except OSError as error:
        raise Misconfigured(f"{name} cannot be read: {error.strerror}") from error
    except ValueError:
        raise Misconfigured(f"{name} is not valid JSON: write an object of e-mail address to secret") from None
    if not isinstance(owners, dict) or not owners:
        raise Misconfigured(f"{name} must be a JSON object of e-mail address to secret, with at least one entry")
    for email, secret in owners.items():
        if not isinstance(secret, str) or "@" not in email:
            raise Misconfigured(f"{name}: each entry must be an e-mail address and its secret as a string")
    return {email: SecretStr(secret) for email, secret in owners.items()}
