"""A workflow is there, has certain steps, or runs when something happens."""

import re

from pipeline.domain.files import WORKFLOW_FILE
from pipeline.verification.files.workflows import Workflow, workflows
from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.prose.sentences import NAME, items, told, usual_name
from pipeline.verification.said import Said

_DEPLOYS = {"actions/deploy-pages", "peaceiris/actions-gh-pages", "JamesIves/github-pages-deploy-action"}


def _meant(said: Said, inspection: Inspection) -> list[Workflow] | Ruling:
    """The workflows that a sentence is about: the one it names, or all."""
    found = workflows(inspection.files)
    name = said["workflow"]
    if name:
        found = [workflow for workflow in found if workflow.path.endswith(f"/{usual_name(name).rpartition('/')[2]}")]
    if found:
        return found
    if name and not any(path.endswith(f"/{usual_name(name).rpartition('/')[2]}") for path in inspection.files):
        return failed(f"there is no workflow {usual_name(name)}")
    if any(WORKFLOW_FILE.fullmatch(path) for path in inspection.files):
        return undecided(f"no workflow {name or ''} that could be read as YAML")
    return failed(
        f"there is no workflow {usual_name(name)}" if name else "there is no workflow under .github/workflows"
    )


def _runs(said: Said, inspection: Inspection) -> Ruling | None:
    found, wanted = _meant(said, inspection), items(re.sub(r"^steps? (?:for|to run|that runs?) ", "", said["what"]))
    if wanted is None:
        wanted = [told(said["what"].strip('"'))] if re.search(r"[>./]|^python", said["what"]) else None
    if isinstance(found, Ruling):
        return found if wanted else None
    if wanted is None or any(word.lower() in _VAGUE for word in wanted):
        return None
    missing = [word for word in wanted if not any(_does(workflow, word) for workflow in found)]
    paths = ", ".join(workflow.path for workflow in found)
    if not missing:
        return passed(f"{paths} runs {', '.join(wanted)}")
    if any(re.search(r"[\w-]*/[\w-]+|[ >.]", word) or word.lower() in _TOOLS for word in missing):
        return failed(f"{paths} has no step with {', '.join(missing)}")
    return undecided(f"no step of {paths} names {', '.join(missing)}")


_VAGUE = {"successfully", "tests", "build", "deploy", "checks", "everything", "pages", "it", "python", "script"}
_TOOLS = {
    "ruff",
    "pytest",
    "black",
    "flake8",
    "mypy",
    "npm",
    "node",
    "eslint",
    "pip",
    "prettier",
    "isort",
    "pylint",
    "uv",
    "make",
}


def _does(workflow: Workflow, word: str) -> bool:
    command = " ".join(workflow.commands.split())
    names = [action.partition("@")[0] for action in workflow.actions]
    pattern = r"\s*".join(map(re.escape, re.split(r"\s+", re.sub(r"\s*>\s*", " > ", word.strip()))))
    is_command = re.search(rf"(?<![\w./-]){pattern}(?![\w-])", command, re.IGNORECASE)
    return bool(is_command) or any(
        word.lower()
        in {name.lower(), name.lower().rpartition("/")[2], name.lower().partition("/")[2].removesuffix("-action")}
        or word.lower() == action.lower()
        for name, action in zip(names, workflow.actions, strict=True)
    )


def _is_set_off(said: Said, inspection: Inspection) -> Ruling | None:
    found = _meant(said, inspection)
    event = {"pull request": "pull_request", "manual": "workflow_dispatch", "manually": "workflow_dispatch"}.get(
        said["event"].lower(), said["event"].lower()
    )
    if isinstance(found, Ruling):
        return found
    events = sorted({event for workflow in found for event in workflow.events})
    seen = f"{found[0].path} runs on {', '.join(events) or 'nothing'}"
    return passed(seen) if event in events else failed(seen)


def _deploys(said: Said, inspection: Inspection) -> Ruling | None:
    found = _meant(said, inspection)
    if isinstance(found, Ruling):
        return found
    actions = [action.partition("@")[0] for workflow in found for action in workflow.actions]
    name = said["file"]
    commands = " ".join(workflow.commands for workflow in found)
    if not _DEPLOYS & set(actions):
        return (
            undecided("a workflow pushes by itself")
            if "gh-pages" in commands
            else failed(
                f"{found[0].path} has no step that deploys to Pages; its actions: {', '.join(actions) or 'none'}"
            )
        )
    if name and usual_name(name) not in commands and usual_name(name) not in inspection.files:
        return undecided(f"no command of the workflow names {usual_name(name)}")
    if said["action"] and said["action"] not in actions:
        return failed(f"no step uses {said['action']}; the actions: {', '.join(actions)}")
    return passed(f"a workflow deploys to Pages with {', '.join(sorted(_DEPLOYS & set(actions)))}")


def _installs(said: Said, inspection: Inspection) -> Ruling | None:
    found = _meant(said, inspection)
    if isinstance(found, Ruling):
        return found
    lines = [line for workflow in found for line in workflow.commands.splitlines() if "install" in line]
    if any(re.search(rf"(?<![\w-]){re.escape(said['what'])}(?![\w-])", line) for line in lines):
        return passed(f"a workflow installs {said['what']}")
    return undecided(f"no command plainly installs {said['what']}")


def _is_there(said: Said, inspection: Inspection) -> Ruling | None:
    found = _meant(said, inspection)
    return found if isinstance(found, Ruling) else passed(f"there is {found[0].path}")


_FILE = r"\"?(?P<workflow>(?:[\w.-]+/)*[\w.-]+\.ya?ml)\"?"
_WORKFLOW = (
    rf"(?:(?:github actions|CI|actions|push|github) )*(?:workflow|CI|pipeline|actions)(?: file)"
    rf"?(?:(?: at| in)? {_FILE})?"
)
_NAMED = rf"{_FILE}(?: workflow)?"
_DOES = (
    r"(?:runs?|executes?|uses|invokes|calls|has steps? (?:that |to |which )?(?:runs?|for|with"
    r"|executes?|uses|invokes)|has step:?|has command|has)"
)
RULES: Rules = (
    *(
        rule
        for who in (rf"(?:there is )?{_WORKFLOW}", _NAMED)
        for rule in (
            (rf"{who} {_DOES} (?:command |step |action )?(?P<what>.+?)(?: step| command| action| linter)?", _runs),
            (
                (
                    rf"{who} (?:that )?(?:is (?:triggered|run|started|set off)|runs|triggers|is run) (?:on|by|when) "
                    rf"(?:every |each )?\"?(?P<event>push|pull request|pull_request|schedule|workflow_dispatch"
                    rf"|manual)\"?(?:es| event)?"
                ),
                _is_set_off,
            ),
            (
                (
                    rf"{who} (?:that )?(?:deploys|publishes|uploads)(?: (?P<file>{NAME})| site| app| result)?(?: "
                    rf"(?:to|on|via|with|using|through) (?:github )?pages)(?: (?:using|with|via|through) "
                    rf"(?P<action>[\w-]+/[\w-]+)(?:@\S+)?)?"
                ),
                _deploys,
            ),
            (rf"{who} installs (?P<what>[\w-]+)", _installs),
            (rf"{who} exists", _is_there),
        )
    ),
    (
        (
            r"(?P<what>[\w\"./-]+(?: [\w./>-]+){0,4}) is (?:run|executed|invoked) (?:in|by|during) (?:CI"
            r"|workflow|github actions)(?: workflow)?"
        ),
        _runs,
    ),
    (r"(?:repo|app) has (?:github actions |CI |push )*workflow", _is_there),
)
