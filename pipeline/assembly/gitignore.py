"""What must never be committed by hand to an app's repository: secrets, and what systems and tools leave behind."""

from fnmatch import fnmatchcase

from pipeline.domain.files import AppFiles

_SECTIONS = {
    "Secrets": (".env", ".env.*", "*.pem", "*.key"),
    "Left by operating systems and editors": (".DS_Store", "Thumbs.db", "desktop.ini", "*~", "*.swp"),
    "Left by tools": ("node_modules/", "__pycache__/", ".venv/"),
}


def gitignore(files: AppFiles) -> bytes:
    """The app's own ``.gitignore`` with our missing lines at its end, or ours alone.

    A line of ours that would hit a file of the app is left out.
    """
    own = (files.text(".gitignore") or "").rstrip()
    settled = {line.strip() for line in own.splitlines()}
    names = {name for path in files for name in path.split("/")}
    parts = [own] if own else []
    for title, patterns in _SECTIONS.items():
        missing = [pattern for pattern in patterns if pattern not in settled and not _hits(pattern, names)]
        if missing:
            parts.append("\n".join([f"# {title}", *missing]))
    return files[".gitignore"] if parts == [own] else ("\n\n".join(parts) + "\n").encode()


def _hits(pattern: str, names: set[str]) -> bool:
    return any(fnmatchcase(name, pattern.rstrip("/")) for name in names)
