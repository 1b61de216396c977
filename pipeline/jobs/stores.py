"""Blobs, sites and deliveries, as tables."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import chain, count, islice
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from pipeline.domain.errors import NotFound, Unavailable
from pipeline.domain.files import AppFiles
from pipeline.domain.notification import Delivery
from pipeline.domain.publication import Publication, Site, Target, folder_name, owner_mark, repository_name
from pipeline.jobs import tables
from pipeline.jobs.codec import from_row, to_json
from pipeline.jobs.database import Database
from pipeline.jobs.revisions import published_site
from pipeline.ports import Clock

RECENT_BYTES = 32 * 1024 * 1024
MOST_NAMES = 100
"""That are tried for a site's folder."""


def upsert(connection: sa.Connection, table: sa.Table, row: dict[str, Any], update: tuple[str, ...] = ()) -> bool:
    """Insert ``row``; where its primary key or a unique column is taken, change the columns named in ``update``.

    Returns:
        Whether a row was inserted or changed.
    """
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    statement = insert(table).values(row)
    if update:
        keys = list(table.primary_key.columns)
        clause = statement.on_conflict_do_update(index_elements=keys, set_={name: row[name] for name in update})
    else:
        clause = statement.on_conflict_do_nothing()
    return connection.execute(clause.execution_options(preserve_rowcount=True)).rowcount > 0


class RecentBytes:
    """The bytes that were put or read last, by their digest, up to ``most_bytes`` in all. Safe from any thread."""

    def __init__(self, most_bytes: int = RECENT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._size = 0
        self._contents: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, digest: str) -> bytes | None:
        """None when it is not, or no longer, among them."""
        with self._lock:
            if digest in self._contents:
                self._contents.move_to_end(digest)
            return self._contents.get(digest)

    def put(self, digest: str, content: bytes) -> None:
        """Keep ``content``, unless it is larger than all may be; what was used least makes room."""
        if len(content) > self._most_bytes:
            return
        with self._lock:
            self._size += len(content) - len(self._contents.pop(digest, b""))
            self._contents[digest] = content
            while self._size > self._most_bytes:
                _, dropped = self._contents.popitem(last=False)
                self._size -= len(dropped)


class SqlBlobs:
    """Bytes under the digest of their content. What nobody put for the time of retention is forgotten.

    Contents never change under their digest, so that what this process has put or read needs no second reading.
    """

    def __init__(self, database: Database, clock: Clock, recent: RecentBytes | None = None) -> None:
        self._database = database
        self._clock = clock
        self._recent = recent or RecentBytes()

    async def put(self, content: bytes) -> str:
        """Keep and return the SHA-256 as 64 hex digits."""
        return (await self._database.transact(lambda connection: self.put_all(connection, [content])))[0]

    async def get(self, digest: str) -> bytes:
        """Raises NotFound."""
        return (await self.get_all([digest]))[0]

    async def put_files(self, files: AppFiles) -> str:
        """Keep a whole app under one digest: that of the list of its paths and digests."""

        def work(connection: sa.Connection) -> str:
            digests = self.put_all(connection, list(files.values()))
            manifest = json.dumps(dict(zip(files, digests, strict=True))).encode()
            return self.put_all(connection, [manifest])[0]

        return await self._database.transact(work)

    async def get_files(self, digest: str) -> AppFiles:
        """Raises NotFound."""
        manifest: dict[str, str] = json.loads(await self.get(digest))
        contents = await self.get_all(list(manifest.values()))
        return AppFiles(dict(zip(manifest, contents, strict=True)))

    def put_all(self, connection: sa.Connection, contents: Sequence[bytes]) -> list[str]:
        """Keep several in a transaction of the caller's and return their digests in order."""
        now = self._clock.now()
        digests = [sha256(content).hexdigest() for content in contents]
        table = tables.blobs
        renewed = table.update().where(table.c.digest.in_(digests)).values(last_put_at=now).returning(table.c.digest)
        known = set(connection.execute(renewed).scalars())
        for digest, content in zip(digests, contents, strict=True):
            if digest not in known:
                row = {"digest": digest, "content": content, "last_put_at": now}
                upsert(connection, table, row, update=("last_put_at",))
            self._recent.put(digest, content)
        return digests

    async def get_all(self, digests: Sequence[str]) -> list[bytes]:
        """Several in order. Raises NotFound."""
        contents = {digest: content for digest in digests if (content := self._recent.get(digest)) is not None}
        if wanted := set(digests) - contents.keys():
            query = sa.select(tables.blobs).where(tables.blobs.c.digest.in_(wanted))
            for row in await self._database.transact(lambda connection: connection.execute(query).all()):
                contents[row.digest] = bytes(row.content)
                self._recent.put(row.digest, contents[row.digest])
        if missing := next((digest for digest in digests if digest not in contents), None):
            raise NotFound(f"no stored bytes {missing[:12]}: they are older than RETENTION_DAYS")
        return [contents[digest] for digest in digests]


class SqlSites:
    """Who owns what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def published(self, email: str, task: str) -> Site | None:
        """The newest published site of (email, task), else of the same task up to the last hyphen."""
        return await self._database.transact(lambda connection: published_site(connection, email, task))

    async def shown(self, folder: str) -> Site | None:
        """The site of ``folder``, if it is of target ``local`` and has been published."""
        table = tables.sites
        query = sa.select(table).where(
            table.c.folder == folder, table.c.target == Target.LOCAL, table.c.head.is_not(None)
        )
        row = await self._database.transact(lambda connection: connection.execute(query).one_or_none())
        return from_row(Site, row) if row else None

    async def open(self, email: str, task: str, nonce: str, target: Target) -> Site:
        """The site that this round 1 opened, or a new one with names nobody else has."""

        def work(connection: sa.Connection) -> Site:
            table = tables.sites
            # Writing first takes SQLite's write lock, so that two openings of one site cannot interleave.
            connection.execute(table.update().where(table.c.id == -1).values(counter=0))
            opened = sa.select(table).where(table.c.email == email, table.c.task == task, table.c.nonce == nonce)
            if row := connection.execute(opened).one_or_none():
                return from_row(Site, row)
            newest = _current(connection, email, task)
            counter = newest.counter + 1 if newest else 1
            values = {
                "email": email,
                "task": task,
                "counter": counter,
                "nonce": nonce,
                "target": target,
                "repository": repository_name(email, task, counter),
                "checks": {},
            }
            folder = folder_name(task, nonce)
            marked = (f"{folder}-{owner_mark(email, task)}-{number}" for number in count(counter))
            for name in chain([folder], islice(marked, MOST_NAMES)):
                upsert(connection, table, values | {"folder": name})
                if opened_now := connection.execute(opened).one_or_none():  # by us, or by another worker meanwhile
                    return from_row(Site, opened_now)
            raise Unavailable("every name of a folder for this app is taken: send the request again")

        return await self._database.transact(work)

    async def record(self, site: Site, publication: Publication, head: str, checks: Mapping[str, bool]) -> Site:
        """Remember what is live, the workspace's commit of it, and of each check of the round, whether it passed."""

        def work(connection: sa.Connection) -> Site:
            own = tables.sites.c.id == site.id
            known = connection.execute(sa.select(tables.sites.c.checks).where(own)).scalar_one()
            values = {
                "publication": to_json(Publication, publication),
                "head": head,
                "checks": {**_judged(known), **checks},
            }
            connection.execute(tables.sites.update().where(own).values(values))
            return from_row(Site, connection.execute(sa.select(tables.sites).where(own)).one())

        return await self._database.transact(work)

    async def checks(self, site: Site) -> Mapping[str, bool]:
        """Checks of the rounds published so far, and whether each passed when it was last judged."""
        query = sa.select(tables.sites.c.checks).where(tables.sites.c.id == site.id)
        return _judged(await self._database.transact(lambda connection: connection.execute(query).scalar_one()))


def _judged(recorded: list[str] | dict[str, bool]) -> dict[str, bool]:
    """Earlier releases recorded the checks alone; nobody knows of those whether they passed."""
    return recorded if isinstance(recorded, dict) else dict.fromkeys(recorded, False)


def _current(connection: sa.Connection, email: str, task: str) -> Site | None:
    table = tables.sites
    query = sa.select(table).where(table.c.email == email, table.c.task == task).order_by(table.c.counter.desc())
    row = connection.execute(query.limit(1)).one_or_none()
    return from_row(Site, row) if row else None


class SqlDeliveries:
    """Every attempt at telling, on record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, job_id: str) -> tuple[Delivery, ...]:
        """In order."""
        return (await self.of_many([job_id])).get(job_id, ())

    async def of_many(self, job_ids: Sequence[str]) -> dict[str, tuple[Delivery, ...]]:
        """The same for several jobs at once."""
        table = tables.deliveries
        query = sa.select(table).where(table.c.job_id.in_(job_ids)).order_by(table.c.id)
        found: dict[str, tuple[Delivery, ...]] = {}
        for row in await self._database.transact(lambda connection: connection.execute(query).all()):
            found[row.job_id] = (*found.get(row.job_id, ()), from_row(Delivery, row))
        return found


def add_delivery(connection: sa.Connection, job_id: str, delivery: Delivery) -> None:
    """Keep one attempt, in a transaction of the caller's."""
    fields = {name: getattr(delivery, name) for name in delivery.__slots__}
    connection.execute(tables.deliveries.insert().values(job_id=job_id, **fields))


async def forget_before(database: Database, cutoff: datetime) -> list[tuple[str, int]]:
    """Delete jobs that ended before ``cutoff`` with all that hangs on them; return all attempts at them. Sites stay."""

    def work(connection: sa.Connection) -> list[tuple[str, int]]:
        old = sa.select(tables.jobs.c.id, tables.jobs.c.attempt).where(tables.jobs.c.finished_at < cutoff).limit(500)
        found = connection.execute(old).all()
        job_ids = [row.id for row in found]
        for table in (tables.job_events, tables.stage_outcomes, tables.deliveries, tables.model_calls):
            connection.execute(table.delete().where(table.c.job_id.in_(job_ids)))
        connection.execute(tables.jobs.delete().where(tables.jobs.c.id.in_(job_ids)))
        connection.execute(tables.replies.delete().where(tables.replies.c.until < cutoff))  # of processes that died
        # A job that is still known put its bytes after the cutoff: what is older belongs to none.
        batches, lines = tables.batches, tables.batch_lines
        old_batch = sa.and_(batches.c.received_at < cutoff, sa.not_(batches.c.is_open))
        connection.execute(lines.delete().where(lines.c.batch_id.in_(sa.select(batches.c.id).where(old_batch))))
        connection.execute(batches.delete().where(old_batch))
        received = [sa.select(sa.func.min(table.c.received_at)) for table in (tables.jobs, batches)]
        oldest = [connection.execute(query).scalar() or cutoff for query in received]
        connection.execute(tables.blobs.delete().where(tables.blobs.c.last_put_at < min(*oldest, cutoff)))
        return [(row.id, attempt) for row in found for attempt in range(row.attempt + 1)]

    return await database.transact(work)
