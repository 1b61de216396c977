"""What a service says in its callbacks, judged."""

from dataclasses import fields

from pipeline.domain.address import MAX_URL
from pipeline.domain.brief import JobKey
from pipeline.evaluation.receiver import Callback, Inbox, wrong_echo
from pipeline.evaluation.results import Point, Told, lost, open_point, said, won

FIELDS = "callback has exactly the seven fields, with the right echo"
ONCE = "told once"

_ADDRESSES = tuple(field.name for field in fields(Told))
_FIELDS = (*(field.name for field in fields(JobKey)), *_ADDRESSES)
_LONGEST_VALUE = 100


def in_time(inbox: Inbox, first: Callback | None, seconds: float, after: float, strays: int) -> Point:
    """Whether a callback came ``seconds`` at most after the request. ``after``: how long the first one took."""
    name = f"callback within {seconds:g} s"
    early = len(inbox.callbacks)
    if first:
        early = inbox.callbacks.index(first)
        before = f"; {early} before it got 400, as our table did not hold the task yet" if early else ""
        return won(name, f"called back after {after:.1f} s{before}")
    if early:
        return lost(
            name,
            f"{early} came before the service had answered the request and got 400, as the task was not in the table "
            "yet; none came afterwards: a callback that is refused has to be sent again",
        )
    fit = f"; {strays} came that fit no request" if strays else ""
    return lost(name, f"expected a POST to evaluation_url, none came{fit}")


def seven_fields(callback: Callback, key: JobKey) -> Point:
    """Whether it says what the contract has, and nothing else."""
    document = callback.document
    problems = []
    if missing := [name for name in _FIELDS if name not in document]:
        problems.append(f"missing: {', '.join(missing)}")
    if more := [said(str(name), _LONGEST_VALUE) for name in document if name not in _FIELDS]:
        problems.append(f"not asked for: {', '.join(more)}")
    for name in wrong_echo(document, key):
        if name in document:
            came = said(repr(document[name]), _LONGEST_VALUE)
            problems.append(f"{name}: expected {getattr(key, name)!r}, came {came}")
    problems += [
        f"{name}: expected a string, came {said(repr(document[name]), _LONGEST_VALUE)}"
        for name in _ADDRESSES
        if name in document and not (isinstance(document[name], str) and document[name])
    ]
    if callback.media_type.partition(";")[0].strip().lower() != "application/json":
        came = said(callback.media_type, _LONGEST_VALUE) or "none"
        problems.append(f"Content-Type: expected application/json, came {came}")
    return lost(FIELDS, "; ".join(problems)) if problems else won(FIELDS, ", ".join(_FIELDS))


def told_by(callback: Callback) -> Told:
    """Where it says that the app is."""
    values = {name: callback.document.get(name) for name in _ADDRESSES}
    return Told(**{name: said(value, MAX_URL) for name, value in values.items() if isinstance(value, str)})


def told_once(inbox: Inbox) -> Point:
    """Whether no callback came after one that was answered with 200."""
    accepted = inbox.accepted
    if not accepted:
        return open_point(ONCE, "no callback was answered with 200")
    if len(accepted) == 1:
        return won(ONCE, "one callback was answered with 200, and none came after it")
    later = ", ".join(f"{callback.at - accepted[0].at:.1f}" for callback in accepted[1:6])
    return lost(ONCE, f"{len(accepted)} callbacks came: after the first was answered with 200, more {later} s later")
