"""Whose the repositories are."""

from pipeline.domain.errors import PublishFailed
from pipeline.publishing.github_api import GitHubApi


class Owner:
    """A user or an organisation, asked about at most once in the life of a process.

    Args:
        configured: GITHUB_OWNER; None = the token's user.

    Attributes:
        login: its name, as far as it is known.
    """

    def __init__(self, configured: str | None) -> None:
        self.login = configured
        self._configured = configured
        self._user: str | None = None

    async def name(self, api: GitHubApi) -> str:
        """Its name. Raises PublishFailed when GitHub cannot tell."""
        self.login = self.login or await self._token_user(api)
        return self.login

    async def creation_path(self, api: GitHubApi) -> str:
        """Where a POST makes a repository of this owner's. Raises PublishFailed when GitHub cannot tell."""
        if self._configured is None or self._configured.lower() == (await self._token_user(api)).lower():
            return "/user/repos"
        return f"/orgs/{self._configured}/repos"

    def unknown(self) -> PublishFailed:
        """The error for an owner for whom GitHub answers 404: what a token may not do is not there."""
        if self._configured is None:
            return PublishFailed(
                "GitHub does not let this token create repositories: a classic one needs the scope repo, a "
                "fine-grained one the permission administration=write"
            )
        return PublishFailed(
            f"GitHub knows no organisation {self._configured} in which this token may create repositories: "
            "set GITHUB_OWNER to one, or leave it out to use the token's own user"
        )

    async def _token_user(self, api: GitHubApi) -> str:
        if self._user is None:
            self._user = (await api.request("GET", "/user", "tell whose token this is")).text("login")
        return self._user
