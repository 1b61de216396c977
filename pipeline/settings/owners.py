"""DEPLOY_SECRETS_FILE: whose secret is whose."""

import json
import logging
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from pipeline.domain.errors import Misconfigured

LONGEST_SECRETS_FILE = 10 * 1024 * 1024


_log = logging.getLogger(__name__)


class OwnersFile:
    """DEPLOY_SECRETS_FILE, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: tuple[int, ...] = ()
        self._owners: dict[str, SecretStr] = {}

    def secrets(self) -> dict[str, SecretStr]:
        """The secret of each owner: the same object until the file changes, or while it cannot be read.

        Raises:
            Misconfigured: it could not be read the first time.
        """
        mark: tuple[int, ...] = (-1,)
        with suppress(OSError):
            seen = self._path.stat()
            mark = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
        if mark == self._mark:
            return self._owners
        self._mark = mark  # first: what is logged is looked through for these secrets
        try:
            self._owners = read_owner_secrets(self._path)
        except Misconfigured as error:
            if not self._owners:
                self._mark = ()
                raise
            _log.warning("the secrets stay as they were: %s", error, extra={"action": "secrets.refused"})
        return self._owners


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
