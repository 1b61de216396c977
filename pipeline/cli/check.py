"""``pipeline check``: looks at a folder of files as the pipeline looks at an app, and publishes nothing."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.environment import read_quietly
from pipeline.cli.exits import ExitCode, exit_codes, run_async
from pipeline.cli.job_access import AsJson, Strict
from pipeline.cli.output import print_console, print_findings, print_json, print_verdicts, say
from pipeline.domain.brief import Brief
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Outcome, Verification

if TYPE_CHECKING:
    from pipeline.settings import Settings

ADDRESS = "https://owner.invalid/app/"
"""Where the app is taken to be served: below a path, as on GitHub Pages."""


def check(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The app's files, as they would be published.")],
    *,
    brief: Annotated[
        str | None, typer.Option(metavar="BRIEF.json", help="The brief that the app is for, with its checks.")
    ] = None,
    only_round: Annotated[
        int | None, typer.Option("--round", min=1, help="Of a collection of rounds; default: the first.")
    ] = None,
    checks: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Checks alone, a JSON list as in a brief; - reads standard input."),
    ] = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """The command."""
    from pipeline.cli.spaces.folder import read_folder

    with exit_codes(as_json=as_json):
        if brief and checks:
            raise InvalidInput(FieldProblem("--checks", "the brief has checks of its own: give one of the two"))
        settings = read_quietly()
        asked, (files, left_out) = _brief(brief, checks, settings, only_round), read_folder(folder)
        if left_out:
            say(f"Not looked at: {', '.join(left_out)}", "yellow")
        seen = run_async(_look(settings, files, asked))
        if as_json:
            print_json(_document(seen))
        else:
            print_verdicts(seen.verdicts)
            print_findings(seen.findings)
            print_console(seen.console)
            if seen.is_flawless:
                say("Nothing was found that is wrong.", "green")
    if strict and seen.count(Outcome.FAIL):
        raise typer.Exit(ExitCode.FAILED)


def _brief(brief: str | None, checks: str | None, settings: "Settings", only_round: int | None) -> Brief:
    from pipeline.cli.briefs import read_briefs
    from pipeline.cli.sources import read_source
    from pipeline.shapes.deploy_request import RequestRules, brief_from

    if brief:
        return read_briefs(brief, settings, only_round)[0]
    listed: object = []
    if checks:
        content = read_source("--checks", checks, settings.max_request_bytes, "MAX_REQUEST_BYTES")
        try:
            listed = json.loads(content)
        except ValueError as error:
            raise InvalidInput(FieldProblem("--checks", "is not JSON: a list of checks is read")) from error
    request = {"email": "nobody@app.invalid", "task": "check", "round": 1, "nonce": "-", "brief": "-", "checks": listed}
    return brief_from(request, RequestRules.from_settings(settings))


async def _look(settings: "Settings", files: AppFiles, brief: Brief) -> Verification:
    from pipeline.bootstrap.browsers import open_verifier
    from pipeline.bootstrap.spaces import open_secret_scanner

    open_secret_scanner(settings).scan(files)
    async with open_verifier(settings) as verifier:
        return await verifier.verify(files, brief, ADDRESS)


def _document(seen: Verification) -> dict[str, object]:
    from pipeline.shapes.jobs import CheckView

    return {
        "ok": seen.is_flawless,
        "checks": [CheckView.model_validate(verdict).model_dump(mode="json") for verdict in seen.verdicts],
        "findings": [asdict(finding) for finding in seen.findings],
        "console": list(seen.console),
    }
