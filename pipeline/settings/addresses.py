"""Where the service listens, and where it and its previews are reached."""

from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AddressSettings(BaseSettings):
    """The settings about addresses."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True)

    host: str = Field("127.0.0.1", description="address that `serve` listens on; `0.0.0.0` for all")
    port: int = Field(8000, ge=0, le=65535, description="port that `serve` listens on; 0 takes a free one")
    public_url: str | None = Field(None, description="address of the service as visitors see it, behind a proxy")
    space_host: str | None = Field(None, description="the same on a Hugging Face Space; the Hub sets it")
    preview_origin: str | None = Field(
        None,
        description="scheme, host and port of previews, which are strangers' pages: best a host name of their own that "
        "leads here; else the port after `PORT`, or, behind one public address, a sandbox there",
    )

    @property
    def own_address(self) -> str:
        """Where this service is reached, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        if self.space_host:
            return f"https://{self.space_host}"
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def preview_address(self) -> str:
        """Where apps of target ``local`` are reached, without a slash at the end.

        Without a name of their own they get another one of this machine's, where there is one: to browsers a port
        does not tell sites apart.
        """
        if self.preview_origin or self.public_url or self.space_host:
            return (self.preview_origin or self.own_address).rstrip("/")
        own = urlsplit(self.own_address).hostname or ""
        other = {"127.0.0.1": "localhost", "::1": "localhost", "localhost": "127.0.0.1"}.get(own, own)
        return f"http://{f'[{other}]' if ':' in other else other}:{self.port + 1}"

    @property
    def preview_port(self) -> int | None:
        """That ``serve`` listens on for previews; None where they come in like everything else."""
        address = urlsplit(self.preview_address)
        is_elsewhere = address.scheme == "http" and address.netloc != urlsplit(self.own_address).netloc
        return address.port if is_elsewhere and address.port != self.port else None
