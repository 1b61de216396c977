"""Spaces without a service."""

from pipeline.clock import SystemClock
from pipeline.manage_spaces.creation import CreateSpace
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.ports import SecretScanner, SpaceHosts
from pipeline.settings import Settings
from pipeline.spaces.hosts import space_hosts
from pipeline.verification.secrets import ConfiguredSecretScanner


def open_spaces(settings: Settings) -> SpaceHosts:
    """The Hub at HF_ENDPOINT. Asks it nothing yet."""
    return space_hosts(settings.hf_endpoint, settings.hf_token, SystemClock())


def open_create_space(settings: Settings) -> CreateSpace:
    """The use case of that name. Asks the Hub nothing yet."""
    return CreateSpace(open_spaces(settings), open_secret_scanner(settings), SystemClock(), owner=settings.hf_owner)


def open_provision_spaces(settings: Settings) -> ProvisionSpaces:
    """The same for many. Asks the Hub nothing yet."""
    return ProvisionSpaces(open_spaces(settings), open_secret_scanner(settings), SystemClock(), owner=settings.hf_owner)


def open_secret_scanner(settings: Settings) -> SecretScanner:
    """Finds what must not be published."""
    return ConfiguredSecretScanner(settings.secrets)
