"""The git repositories on disk, one folder per site. The only package that knows git.

Commits are built in memory and written byte for byte: no filter, line-ending rule, ignore file, hook or setting of
the machine, the user or the app itself has a say. GitPython reads; the few things to be written are written here,
because GitPython's writers take a short write on a full disk for a whole one and leave locks behind when killed.
Formats: gitrepository-layout(5), gitformat-index(5) and "Git Internals - Git Objects" in the Pro Git book.

Every file comes into being by a rename from ``.git/staging``, and the branch moves last. So a process may be killed
anywhere: visitors see the old commit or the new one, and the next commit clears up. A clone is made beside its folder
and takes its place when it is whole.
"""

from pipeline.workspace.objects import AUTHOR_EMAIL, AUTHOR_NAME
from pipeline.workspace.repositories import GitWorkspaces

__all__ = ["AUTHOR_EMAIL", "AUTHOR_NAME", "GitWorkspaces"]
