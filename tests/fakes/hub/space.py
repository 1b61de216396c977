"""One Space: its repository, settings and runtime."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.fakes.hub.card import SDKS, read_card
from tests.fakes.hub.repository import Commit, Repository, StoredFile, now
from tests.fakes.hub.runtime import SERVING, LogEvent, Run, Script, fixed, log_event, obstacle, usual

DEFAULT_SLEEP_SECONDS = 172_800
NextScript = Callable[[str], Script | None]


@dataclass
class Setting:
    """A secret or a variable."""

    value: str
    description: str | None = None
    updated_at: str = "2026-01-02T03:04:05.000Z"

    def shown(self, *, with_value: bool) -> dict[str, str]:
        """As the API gives it; values of secrets stay inside."""
        value = {"value": self.value} if with_value else {}
        description = {} if self.description is None else {"description": self.description}
        return {**value, **description, "updatedAt": self.updated_at}


class Space:
    """What the Hub holds of a Space; a test looks at it and may change it.

    Args:
        sdk: when no card says another.
        next_script: gives the script of a start for the id; None = the usual one.

    Attributes:
        visibility: ``public``, ``private`` or ``protected``.
        hardware: asked for; None for static Spaces.
        sleep_seconds: -1 = never.
        starts: how often it has been started since its creation.
    """

    def __init__(
        self, space_id: str, *, origin: str, sdk: str, repository: Repository, next_script: NextScript
    ) -> None:
        self.id = space_id
        self.object_id = uuid4().hex[:24]
        self.repository = repository
        self.created_at = now()
        self.secrets: dict[str, Setting] = {}
        self.variables: dict[str, Setting] = {}
        self.visibility = "public"
        self.hardware = None if sdk == "static" else "cpu-basic"
        self.sleep_seconds = DEFAULT_SLEEP_SECONDS
        self.dev_mode = False
        self.volumes: list[dict[str, Any]] = []
        self.starts = 0
        self.log_grew = threading.Condition()
        self._origin = origin
        self._sdk = sdk
        self._next_script = next_script
        self.run = Run(self._obstacle() or fixed("RUNNING"))

    @property
    def owner(self) -> str:
        return self.id.split("/")[0]

    @property
    def sdk(self) -> str:
        """As the card says, else what it was created with."""
        said = self.card.get("sdk")
        return said if said in SDKS else self._sdk

    @property
    def card(self) -> dict[str, Any]:
        readme = self.repository.files().get("README.md")
        return (readme and read_card(readme.content.decode("utf-8", "replace"))[0]) or {}

    @property
    def commits(self) -> list[Commit]:
        return self.repository.commits

    @property
    def head(self) -> str:
        return self.repository.head

    def files(self, revision: str = "main") -> dict[str, bytes]:
        return {path: file.content for path, file in self.repository.files(revision).items()}

    @property
    def subdomain(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.id.lower()).strip("-")

    @property
    def host(self) -> str:
        return f"{self._origin}/{'static' if self.sdk == 'static' else 'app'}/{self.subdomain}"

    @property
    def url(self) -> str:
        return f"{self._origin}/spaces/{self.id}"

    def commit(self, files: Mapping[str, StoredFile], summary: str) -> str:
        """Make ``files`` the whole content and start again; return the oid."""
        oid = self.repository.commit(files, summary)
        self.hardware = None if self.sdk == "static" else self.hardware or "cpu-basic"
        self.start()
        return oid

    def start(self) -> None:
        self.starts += 1
        self.run = Run(self._obstacle() or self._next_script(self.id) or usual(self.sdk))

    def settle(self, stage: str = "RUNNING") -> None:
        """Be in ``stage`` from now on, unless the files stand against it."""
        self.run = Run(self._obstacle() or fixed(stage))

    def wake(self) -> None:
        """What a visit does to a Space that sleeps."""
        self.starts += 1
        self.run = Run(Script(["APP_STARTING", "RUNNING"]))

    @property
    def is_serving(self) -> bool:
        return self.run.stage in SERVING

    def add_log(self, kind: str, text: str) -> None:
        """Append a line to the ``build`` or ``run`` log; who follows it gets it at once."""
        with self.log_grew:
            self.run.logs[kind].append(log_event(text))
            self.log_grew.notify_all()

    def log(self, kind: str) -> list[LogEvent]:
        return list(self.run.logs[kind])

    def runtime(self) -> dict[str, Any]:
        """As the API gives it; looking does not move the script on."""
        stage = self.run.stage
        error = {"errorMessage": self.run.error_message} if self.run.error_message else {}
        common = {"stage": stage, **error, "storage": None}
        if self.sdk == "static":
            replicas = {"requested": 1, "current": 1}
            return {**common, "hardware": {"current": None, "requested": None}, "replicas": replicas}
        return {
            **common,
            "hardware": {"current": self.hardware if self.is_serving else None, "requested": self.hardware},
            "gcTimeout": self.sleep_seconds,
            "replicas": {"requested": 1} | ({"current": 1} if self.is_serving else {}),
            "devMode": self.dev_mode,
            "domains": [{"domain": f"{self.subdomain}.hf.space", "stage": "READY"}],
            **({"volumes": self.volumes} if self.volumes else {}),
        }

    def info(self, revision: str = "main", *, with_blobs: bool = False) -> dict[str, Any]:
        """As the API describes it. Raises Refused for an unknown revision."""
        files = self.repository.files(revision)
        return {
            "_id": self.object_id,
            "id": self.id,
            "author": self.owner,
            "sha": self.repository.resolve(revision),
            "lastModified": self.repository.changed_at,
            "private": self.visibility != "public",
            "visibility": self.visibility,
            "gated": False,
            "disabled": False,
            "host": self.host,
            "subdomain": self.subdomain,
            "tags": [self.sdk, "region:us"],
            "likes": 0,
            "sdk": self.sdk,
            "cardData": self.card,
            "runtime": self.runtime(),
            "createdAt": self.created_at,
            "models": [],
            "datasets": [],
            "siblings": [file.sibling(path, with_blobs=with_blobs) for path, file in files.items()],
            "usedStorage": sum(len(file.content) for file in files.values()),
        }

    def _obstacle(self) -> Script | None:
        return obstacle(self.repository.files(), self.secrets, self.variables)
