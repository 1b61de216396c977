"""What a repository that somebody else has published holds."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.domain.files import AppFiles


@dataclass(frozen=True, slots=True)
class History:
    """A repository, read whole."""

    head: str  # the commit that the remote's HEAD names
    began: datetime  # when the oldest commit says that it was made
    commits: int  # that were read, on all branches
    files: AppFiles | None  # of the commit asked for; None when it is not there
    secret: str | None  # where in the history the first secret stands, in words without its value
    is_complete: bool = True  # False: it is too large to be read to its end
