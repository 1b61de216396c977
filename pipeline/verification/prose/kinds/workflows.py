"""A workflow is there, has certain steps, or runs when something happens."""

import re

from pipeline.domain.files import WORKFLOW_FILE
from pipeline.verification.files.workflows import Workflow, workflows
from pipeline.verification.inspection import Ruling, failed, passed, undecided
from pipeline.verification.prose.recognisers import Said, Settled, Unclear, recognises
from pipeline.verification.prose.sentences import NAME, items, told, usual_name

_DEPLOYS = {"actions/deploy-pages", "peaceiris/actions-gh-pages", "JamesIves/github-pages-deploy-action"}
_VAGUE = re.compile(r"successfully|tests|build|deploy|checks|everything|pages|it|python|script", re.IGNORECASE)
_TOOL = re.compile(
    r".*[ >./].*|ruff|pytest|black|flake8|mypy|npm|node|eslint|pip|prettier|isort|pylint|uv|make", re.IGNORECASE
)
_EVENTS = {"pull request": "pull_request", "manual": "workflow_dispatch", "manually": "workflow_dispatch"}

_FILE = r"\"?(?P<workflow>([\w.-]+/)*[\w.-]+\.ya?ml)\"?"
_WHO = (
    rf"((there is )?((github actions|CI|actions|push|github) )*(workflow|CI|pipeline|actions)( file)?"
    rf"(( at| in)? {_FILE})?|{_FILE}( workflow)?)"
)
_DOES = (
    r"(runs?|executes?|uses|invokes|calls|has steps? (that |to |which )?(runs?|for|with|executes?|uses|invokes)"
    r"|has step:?|has command|has)"
)


def _meant(said: Said) -> list[Workflow]:
    """The workflows that a sentence is about: the one it names, or all. Raises Settled when there is none."""
    files, name = said.inspection.files, usual_name(said["workflow"])
    end = f"/{name.rpartition('/')[2]}" if name else ""
    if found := [workflow for workflow in workflows(files) if workflow.path.endswith(end)]:
        return found
    if any(path.endswith(end) for path in files if name or WORKFLOW_FILE.fullmatch(path)):
        raise Settled(undecided(f"no workflow {name} that could be read as YAML"))
    raise Settled(failed(f"there is no workflow {name or 'under .github/workflows'}"))


def _actions(found: list[Workflow]) -> list[str]:
    return [action for workflow in found for action in workflow.actions]


@recognises(
    rf"{_WHO} {_DOES} (command |step |action )?(?P<what>.+?)( step| command| action| linter)?",
    (
        r"(?P<what>[\w\"./-]+( [\w./>-]+){0,4}) is (run|executed|invoked) (in|by|during) (CI|workflow|github actions)"
        r"( workflow)?"
    ),
)
def _runs(said: Said) -> Ruling:
    try:
        wanted = items(re.sub(r"^steps? (for|to run|that runs?) ", "", said["what"]))
    except Unclear:
        if not re.search(r"[>./]|^python", said["what"]):
            raise
        wanted = [told(said["what"].strip('"'))]
    found = _meant(said)
    if any(map(_VAGUE.fullmatch, wanted)):
        raise Unclear
    missing = [word for word in wanted if not any(_does(workflow, word) for workflow in found)]
    paths = ", ".join(workflow.path for workflow in found)
    if not missing:
        return passed(f"{paths} runs {', '.join(wanted)}")
    if any(map(_TOOL.fullmatch, missing)):
        return failed(f"{paths} has no step with {', '.join(missing)}")
    return undecided(f"no step of {paths} names {', '.join(missing)}")


def _does(workflow: Workflow, word: str) -> bool:
    names = {form for action in workflow.actions for form in (action, action.partition("@")[0])}
    names |= {name.rpartition("/")[2] for name in names} | {
        name.partition("/")[2].removesuffix("-action") for name in names
    }
    pattern = r"\s*".join(map(re.escape, re.split(r"\s+", re.sub(r"\s*>\s*", " > ", word.strip()))))
    command = " ".join(workflow.commands.split())
    is_command = re.search(rf"(?<![\w./-]){pattern}(?![\w-])", command, re.IGNORECASE)
    return bool(is_command) or word.lower() in {name.lower() for name in names}


@recognises(
    rf"{_WHO} (that )?(is (triggered|run|started|set off)|runs|triggers|is run) (on|by|when) (every |each )?"
    r"\"?(?P<event>push|pull request|pull_request|schedule|workflow_dispatch|manual)\"?(es| event)?"
)
def _is_set_off(said: Said) -> Ruling:
    found, event = _meant(said), said["event"].lower()
    events = sorted({event for workflow in found for event in workflow.events})
    seen = f"{found[0].path} runs on {', '.join(events) or 'nothing'}"
    return passed(seen) if _EVENTS.get(event, event) in events else failed(seen)


@recognises(
    rf"{_WHO} (that )?(deploys|publishes|uploads)( (?P<file>{NAME})| site| app| result)?"
    r"( (to|on|via|with|using|through) (github )?pages)( (using|with|via|through) (?P<action>[\w-]+/[\w-]+)(@\S+)?)?"
)
def _deploys(said: Said) -> Ruling:
    found, name = _meant(said), usual_name(said["file"])
    actions, commands = _actions(found), " ".join(workflow.commands for workflow in found)
    names = [action.partition("@")[0] for action in actions]
    seen = f"the actions of {found[0].path}: {', '.join(actions) or 'none'}"
    if not _DEPLOYS & set(names):
        return undecided("a workflow pushes by itself") if "gh-pages" in commands else failed(seen)
    if name and name not in commands and name not in said.inspection.files:
        return undecided(f"no command of the workflow names {name}")
    return failed(seen) if said["action"] and said["action"] not in names else passed(seen)


@recognises(rf"{_WHO} installs (?P<what>[\w-]+)")
def _installs(said: Said) -> Ruling:
    lines = [line for workflow in _meant(said) for line in workflow.commands.splitlines() if "install" in line]
    if any(re.search(rf"(?<![\w-]){re.escape(said['what'])}(?![\w-])", line) for line in lines):
        return passed(f"a workflow installs {said['what']}")
    return undecided(f"no command plainly installs {said['what']}")


@recognises(rf"{_WHO} exists", r"(repo|app) has (github actions |CI |push )*workflow")
def _is_there(said: Said) -> Ruling:
    return passed(f"there is {_meant(said)[0].path}")
