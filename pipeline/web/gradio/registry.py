"""The one list of functions; a function's place in it is its ``fn_index`` for Gradio's clients."""

from pipeline.domain.errors import NotFound
from pipeline.web.gradio.deploy_functions import DEPLOY, JOB
from pipeline.web.gradio.functions import JobFunction, QuickFunction
from pipeline.web.gradio.space_functions import CREATE_SPACE, DUPLICATE_SPACE, PAUSE_SPACE, RESTART_SPACE, SPACE_RUNTIME

FUNCTIONS: tuple[JobFunction | QuickFunction, ...] = (
    DEPLOY,
    JOB,
    CREATE_SPACE,
    SPACE_RUNTIME,
    RESTART_SPACE,
    PAUSE_SPACE,
    DUPLICATE_SPACE,
)


def function_named(name: str) -> JobFunction | QuickFunction:
    """Raises NotFound, listing what there is."""
    for function in FUNCTIONS:
        if function.name == name:
            return function
    names = ", ".join(f"/{function.name}" for function in FUNCTIONS)
    raise NotFound(f"there is no such function; there are: {names}")
