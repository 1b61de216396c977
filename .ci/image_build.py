"""Carries out a Dockerfile without Docker: the image becomes a folder.

A Debian root with Python stands in for the official image; each RUN is executed in it as written, by the user of its
stage. An instruction that this cannot carry out ends the program. Needs root, and mounts of one's own (unshare).
"""

import os
import re
import shlex
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

BASE = re.compile(r"python:(?P<python>3\.\d+)-slim-(?P<suite>[a-z]+)")
IN_BASE = "ca-certificates,netbase,python3,python3-venv,tzdata"
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")  # as the official image

# What a build needs of this machine to reach package registries, and leaves no trace of: files, and variables.
LENT_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
LENT_VARIABLES = re.compile(r"(https?|no)_proxy|PIP_(?!FIND_LINKS)\w+|SSL_CERT_FILE", re.IGNORECASE)


@dataclass
class Stage:
    """What a FROM begins."""

    root: Path
    user: str = "0"
    folder: str = "/"
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    said: dict[str, str] = field(default_factory=dict)  # of instructions that are carried out only when it runs


def parse(text: str) -> Iterator[tuple[str, str]]:
    """Keyword and arguments of each instruction; continued lines are joined."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            keyword, _, rest = line.strip().partition(" ")
            yield keyword.upper(), rest.strip()


def build(instructions: Iterator[tuple[str, str]], scratch: Path, *mirror: str) -> Stage:
    """Carry them out in ``scratch``, with Debian from ``mirror``; the last stage."""
    stages: dict[str, Stage] = {}
    stage = Stage(scratch)
    for keyword, rest in instructions:
        print(f"{keyword} {rest}"[:120], flush=True)
        if keyword == "FROM":
            image, _, name = rest.partition(" AS ")
            stage = stages[name or "last"] = Stage(copy_of_base(image, scratch, name or "last", *mirror))
        elif keyword == "RUN":
            with mounted_to_build(stage, scratch):
                run_in(stage, ["/bin/sh", "-c", rest])
        elif keyword == "COPY":
            copy(stage, stages, rest)
        elif keyword == "ENV":
            pairs = (pair.split("=", 1) for pair in shlex.split(rest))
            stage.environment |= {name: string.Template(value).substitute(stage.environment) for name, value in pairs}
        elif keyword == "USER":
            stage.user = rest
        elif keyword == "WORKDIR":
            stage.folder = rest
            inside(stage, rest).mkdir(parents=True, exist_ok=True)
        elif keyword in {"LABEL", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}:
            stage.said[keyword] = rest
        else:
            sys.exit(f"The Dockerfile has {keyword}, which this check cannot carry out yet.")
    return stage


def copy_of_base(image: str, scratch: Path, name: str, *mirror: str) -> Path:
    """A root like the official image's; made once, and copied for each stage."""
    asked = BASE.fullmatch(image) or sys.exit(f"{image}: this check knows python:VERSION-slim-SUITE alone")
    base, root = scratch / asked["suite"], scratch / name
    if not base.exists():
        left_out = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
        make = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={IN_BASE}", *left_out, asked["suite"]]
        subprocess.run([*make, base, *mirror], check=True)
        for command in ("python", "python3"):
            (base / "usr/local/bin" / command).symlink_to("/usr/bin/python3")
        if not (base / f"usr/bin/python{asked['python']}").exists():
            sys.exit(f"Debian's {asked['suite']} has no Python {asked['python']}")
    subprocess.run(["cp", "--archive", "--reflink=auto", base, root], check=True)
    return root


def copy(stage: Stage, stages: dict[str, Stage], arguments: str) -> None:
    """COPY: files of the repository, or of another stage; they belong to root."""
    *words, target = shlex.split(arguments)
    options = [word for word in words if word.startswith("--")]
    origin = REPOSITORY
    for option in options:
        name, _, value = option.partition("=")
        if name != "--from":
            sys.exit(f"COPY has {name}, which this check cannot carry out yet.")
        origin = stages[value].root
    for source in (origin / word.lstrip("/") for word in words if word not in options):
        place = inside(stage, target)
        if source.is_dir():
            shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(source, place / source.name if target.endswith("/") else place)


def inside(stage: Stage, path: str) -> Path:
    """Where ``path`` of the image is here."""
    return stage.root / os.path.join(stage.folder, path).lstrip("/")  # noqa: PTH118 - pathlib drops an absolute root


def run_in(stage: Stage, command: list[str]) -> None:
    """Run ``command`` in the stage as its user, or exit with what it exits with."""
    lent = {name: value for name, value in os.environ.items() if LENT_VARIABLES.fullmatch(name)}
    home = {"HOME": "/root"} if stage.user == "0" else {}
    become = ["unshare", "--root", stage.root, "--wd", stage.folder, "--setgid", stage.user, "--setuid", stage.user]
    subprocess.run([*become, *command], env=home | lent | stage.environment, check=True)


@contextmanager
def mounts(*all_options: list[str | Path]) -> Iterator[None]:
    """Each with the options of mount(8), whose last is the place; undone at the end."""
    with ExitStack() as undo:
        for options in all_options:
            subprocess.run(["mount", *options], check=True)
            undo.callback(subprocess.run, ["umount", "--recursive", options[-1]], check=True)
        yield


@contextmanager
def devices(root: Path) -> Iterator[None]:
    """A /dev with a few of this machine's devices, each by itself: what removes the root cannot reach the others."""
    dev = root / "dev"
    with mounts(["-t", "tmpfs", "tmpfs", dev]):
        (dev / "fd").symlink_to("/proc/self/fd")
        named = [dev / name for name in ("full", "null", "random", "urandom", "zero")]
        for device in named:
            device.touch()
        with mounts(*(["--bind", Path("/dev") / device.name, device] for device in named)):
            yield


@contextmanager
def mounted_to_build(stage: Stage, scratch: Path) -> Iterator[None]:
    """The system's folders, and what a build needs of this machine; without a trace of it in the image afterwards."""
    settings = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    (scratch / "apt.conf").write_text("\n".join(re.findall(r"^Acquire::.*", settings, re.MULTILINE)))
    lent = [(Path(name), stage.root / name[1:]) for name in LENT_FILES]
    lent.append((scratch / "apt.conf", stage.root / "etc/apt/apt.conf.d/99lent"))
    lent = [(file, place) for file, place in lent if file.exists()]
    new = [place for _, place in lent if not place.exists()]
    for place in new:
        place.touch()
    proc: list[str | Path] = ["-t", "proc", "proc", stage.root / "proc"]
    with devices(stage.root), mounts(proc, *(["--bind", *pair] for pair in lent)):
        yield
    for place in new:
        place.unlink()
