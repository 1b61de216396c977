"""Arguments and options that several commands on Spaces share."""

from typing import Annotated

import typer

from pipeline.domain.space import space_id_problem

WATCH_SECONDS = 900
NEVER = "never"


def _check_space_id(value: str) -> str:
    if problem := space_id_problem(value):
        raise typer.BadParameter(problem)
    return value


def _check_space_ids(values: list[str]) -> list[str]:
    return [_check_space_id(value) for value in values]


def _sleep_seconds(value: str) -> int:
    if value == NEVER:
        return -1
    try:
        return int(value)
    except ValueError:
        raise typer.BadParameter(f"must be a whole number of seconds, or {NEVER}") from None


SpaceId = Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Of the Space.", callback=_check_space_id)]
SpaceIds = Annotated[
    list[str], typer.Argument(metavar="OWNER/NAME…", help="Of one Space or several.", callback=_check_space_ids)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Watch = Annotated[bool, typer.Option("--watch", help="Wait until it runs or breaks.")]
Timeout = Annotated[float, typer.Option(min=1, max=86_400, help="Seconds that --watch waits at most.")]
Hardware = Annotated[str | None, typer.Option(help="In the Hub's words: cpu-basic, t4-small …")]
SleepTime = Annotated[
    int | None, typer.Option(parser=_sleep_seconds, metavar="SECONDS|never", help="Without visitors, until it sleeps.")
]
SleepSeconds = Annotated[
    int, typer.Argument(parser=_sleep_seconds, metavar="SECONDS|never", help="Without visitors, until it sleeps.")
]
AskFor = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY", help="A secret whose value is asked for, unseen. Can be repeated."),
]
EnvFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="Secrets as KEY=VALUE lines; - reads them from standard input.")
]
FromEnv = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A secret whose value this environment variable has. Can be repeated."),
]
Stdin = Annotated[
    str | None, typer.Option("--stdin", metavar="NAME", help="A secret whose value is all of standard input.")
]
SetVariables = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A variable, which everybody can read. Can be repeated."),
]
VariablesFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="Variables as KEY=VALUE lines; - reads them from standard input.")
]
Delete = Annotated[list[str] | None, typer.Option(metavar="KEY", help="To be deleted. Can be repeated.")]
