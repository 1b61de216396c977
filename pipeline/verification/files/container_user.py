"""As whom a container runs, and whether that user may write where the app lives."""

import re
from collections.abc import Iterator

from pipeline.verification.files.dockerfile import OFFICIAL_IMAGES_WITHOUT_SERVER, BuildStage, Instruction, substituted
from pipeline.verification.files.problems import Problem

HUB_UID = 1000
"""As which a Space runs every container."""

_IMAGES_OF_ROOT = (OFFICIAL_IMAGES_WITHOUT_SERVER - {"scratch"}) | {"caddy", "httpd", "nginx", "php"}
_USERS_OF_IMAGES = {"node": "node", "bun": "bun", "deno": "deno", "ubuntu": "ubuntu", "nginx": "nginx"}
_USERS_OF_SYSTEMS = {"nobody", "www-data", "daemon", "bin", "sys", "games", "mail", "news", "operator", "guest"}
_CREATES_USER = re.compile(r"\b(?:useradd|adduser)\b([^\n;&|]{0,500})")
_UID = re.compile(r"(?:--uid[= ]|(?<!\S)-[a-zA-Z]*u ?)[\"']?(\d{1,9})")
_IS_SYSTEM_USER = re.compile(r"--system\b|(?<!\S)-[a-zA-Z]*[rS]")
_ADVICE = "make a user with RUN useradd -m -u 1000 user, give it the app's folder and switch to it with USER user"


def user_problems(stage: BuildStage, *, on_the_hub: bool) -> Iterator[Problem]:
    """What is wrong with the user of the container.

    Args:
        stage: the last one.
        on_the_hub: whether a Space will run it; elsewhere, running as root is merely unwise.
    """
    instruction = stage.last("USER")
    if instruction is None:
        if stage.official_image in _IMAGES_OF_ROOT:
            yield Problem(f"runs as root: {_ADVICE}", stage.line, is_certain=on_the_hub)
        return
    user = substituted(instruction.value, stage.variables())
    if not user:
        return
    user = user.partition(":")[0].strip("\"' ")
    if user in {"root", "0"}:
        yield Problem(f"the last USER is root: {_ADVICE}", instruction.line, is_certain=on_the_hub)
        return
    uid = int(user) if re.fullmatch(r"\d{1,9}", user) else _uid_of(user, stage)
    if uid is None and _is_never_made(user, stage):
        yield Problem(f"USER names a user that no RUN makes: {_ADVICE}", instruction.line)
    elif uid not in {None, HUB_UID} and on_the_hub:
        message = f"the user's uid is not {HUB_UID}, as which a Space runs: what this user owns cannot be written there"
        yield Problem(message, instruction.line, is_certain=False)
    elif folder := _unwritable_folder(stage):
        message = (
            "copies the app into a folder of root's, where the app cannot write: use COPY --chown with the user's name"
            " and make the folder the user's, for instance below its home"
        )
        yield Problem(message, folder.line, is_certain=False)


def _uid_of(user: str, stage: BuildStage) -> int | None:
    """As the RUN that makes the user says; 0 < uid < 1000 for a system user; None when it does not say."""
    made = _made(user, stage)
    if made is None:
        return None
    if said := _UID.search(made):
        return int(said[1])
    return 999 if _IS_SYSTEM_USER.search(made) else None


def _made(user: str, stage: BuildStage) -> str | None:
    """The arguments of the command that makes the user."""
    known = stage.variables()
    for run in stage.all("RUN"):
        for arguments in _CREATES_USER.findall(run.script):
            settled = substituted(arguments, known) or arguments
            if user in re.findall(r"[\w.-]+", settled):
                return settled
    return None


def _is_never_made(user: str, stage: BuildStage) -> bool:
    if stage.official_image not in _IMAGES_OF_ROOT or user in _USERS_OF_SYSTEMS:
        return False
    if _USERS_OF_IMAGES.get(stage.official_image) == user or _made(user, stage) is not None:
        return False
    # Made in some other way: by a script, in a copied /etc/passwd, with a name that a variable holds.
    other_ways = r"/etc/passwd|useradd.*\$|adduser.*\$|\.sh\b"
    return not any(re.search(other_ways, i.script) for i in stage.all("RUN", "COPY", "ADD"))


def _unwritable_folder(stage: BuildStage) -> Instruction | None:
    """The COPY of whole folders, without an owner, into a WORKDIR that root made and nobody was given."""
    if any(re.search(r"\bch(?:own|mod)\b|\binstall -", run.script) for run in stage.all("RUN")):
        return None
    workdir = ""
    user = "root"
    for instruction in stage.instructions:
        if instruction.name == "USER":
            user = instruction.value
        elif instruction.name == "WORKDIR":
            workdir = instruction.value if user in {"root", "0"} else ""
        elif instruction.name in {"COPY", "ADD"} and _copies_app_into_workdir(instruction, workdir):
            return instruction
    return None


def _copies_app_into_workdir(instruction: Instruction, workdir: str) -> bool:
    if not workdir or workdir.startswith(("/home/", "$", "/tmp")) or {"chown", "from"} & instruction.flags.keys():  # noqa: S108 - compared
        return False
    words = instruction.words
    target = words[-1] if words else ""
    into_workdir = target in {".", "./"} or target.rstrip("/") == workdir.rstrip("/")
    return into_workdir and any(word in {".", "./"} for word in words[:-1])
