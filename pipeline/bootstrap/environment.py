"""The settings, completed by what else is on this machine."""

import shutil

from pydantic import SecretStr

from pipeline.domain.errors import Misconfigured
from pipeline.domain.publication import Target
from pipeline.publishing.github_pages.token import token_of_gh_command
from pipeline.settings import Settings


def read_settings(**overrides: object) -> Settings:
    """The environment, and what stands in for a variable of it that is not set; ``overrides`` (by field name) win.

    Without GITHUB_TOKEN that is the token of whoever is signed in with the ``gh`` command, if apps may go to GitHub.

    Raises:
        Misconfigured: a variable has a value that it cannot have.
    """
    settings = Settings.from_environment(**overrides)
    if settings.github_token or settings.deploy_target not in {None, Target.GITHUB_PAGES}:
        return settings
    token = token_of_gh_command()
    return settings.model_copy(update={"github_token": SecretStr(token)}) if token else settings


def require_git() -> None:
    """Raises Misconfigured without it: every app is a git repository."""
    if shutil.which("git") is None:
        raise Misconfigured("git is not on PATH, and every app is a git repository: install it (https://git-scm.com)")
