"""What all routes below /spaces/{owner}/{name} take from their address."""

from typing import Annotated

from fastapi import Depends, Path

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.space import MAX_SPACE_ID, space_id_problem

SPACE_ERRORS = (400, 401, 402, 403, 404, 409, 429, 502, 503)
"""HTTP statuses that every one of them may answer with."""

_Part = Annotated[str, Path(max_length=MAX_SPACE_ID)]


async def space_id_of_path(owner: _Part, name: _Part) -> str:
    """``owner/name``. Raises InvalidInput, without the value, when it cannot be one."""
    space_id = f"{owner}/{name}"
    if problem := space_id_problem(space_id):
        raise InvalidInput(FieldProblem("space_id", problem))
    return space_id


SpaceId = Annotated[str, Depends(space_id_of_path)]


def require_confirmation(confirm: str | None, space_id: str, what: str) -> None:
    """Raise InvalidInput unless ``confirm`` repeats the Space's id; ``what`` says why that is asked for."""
    if confirm != space_id:
        raise InvalidInput(FieldProblem("confirm", f"must repeat owner/name of the Space, because {what}"))
