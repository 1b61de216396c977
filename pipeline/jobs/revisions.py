"""Which site a revision is of: its task may carry another hash than the task of the round before."""

import sqlalchemy as sa

from pipeline.domain.brief import Brief
from pipeline.domain.publication import Site, Target, task_family
from pipeline.jobs import tables
from pipeline.jobs.codec import from_row
from pipeline.jobs.sharing import UNFINISHED

_jobs, _sites = tables.jobs, tables.sites


def revised(connection: sa.Connection, brief: Brief) -> tuple[str, Target] | None:
    """Task and target of the site that ``brief`` revises, also of one that a job is still making; None = there is none.

    By its own task; else by what an earlier request of this task revised; else the newest of the same task up to the
    last hyphen, if it is where the brief wants to go.
    """
    if site := _newest_of(connection, brief.email, brief.task):
        return site.task, site.target
    columns = (_jobs.c.task, _jobs.c.site_task, _jobs.c.target, _jobs.c.status)
    of_owner = sa.select(*columns).where(_jobs.c.email == brief.email).order_by(_jobs.c.seq.desc())
    before = connection.execute(of_owner.where(_jobs.c.task == brief.task).limit(1)).one_or_none()
    if before and (before.site_task or before.status in UNFINISHED):
        return before.site_task or before.task, Target(before.target)
    family = task_family(brief.task)
    under_way = connection.execute(of_owner.where(_jobs.c.status.in_(UNFINISHED))).all()
    relatives = [(row.task, row.site_task or row.task, Target(row.target)) for row in under_way]
    relatives += [(site.task, site.task, site.target) for site in _published(connection, brief.email, family)]
    for task, site_task, target in relatives:
        if family and task_family(task) == family and brief.target in {None, target}:
            return site_task, target
    return None


def published_site(connection: sa.Connection, email: str, task: str) -> Site | None:
    """The newest published site of (email, task), else of the same task up to the last hyphen."""
    if site := _newest_of(connection, email, task):
        return site
    family = task_family(task)
    return next((site for site in _published(connection, email, family) if task_family(site.task) == family), None)


def _newest_of(connection: sa.Connection, email: str, task: str) -> Site | None:
    query = _of_owner(email).where(_sites.c.task == task).limit(1)
    row = connection.execute(query).one_or_none()
    return from_row(Site, row) if row else None


def _published(connection: sa.Connection, email: str, family: str | None) -> list[Site]:
    if family is None:
        return []
    query = _of_owner(email).where(_sites.c.task.startswith(f"{family}-", autoescape=True))
    return [from_row(Site, row) for row in connection.execute(query)]


def _of_owner(email: str) -> sa.Select[tuple[object, ...]]:
    published = sa.and_(_sites.c.email == email, _sites.c.publication.is_not(sa.null()))
    return sa.select(_sites).where(published).order_by(_sites.c.id.desc())
