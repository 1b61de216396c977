"""Pictures that a generator wants of its own page, taken before the app is looked at."""

from collections.abc import Iterator, Mapping

from pipeline.domain.files import AppFiles, path_collision
from pipeline.domain.verdict import Finding, Severity
from pipeline.ports import Camera


async def with_pictures(files: AppFiles, address: str, renders: Mapping[str, str], camera: Camera | None) -> AppFiles:
    """``files`` with those of ``renders`` that could be taken, and without the others."""
    if not renders:
        return files
    files = files.without(*renders)
    for path, content in (await camera.take(files, address, renders)).items() if camera else ():
        if path_collision([*files, path]) is None:
            files = files.with_files({path: content})
    return files


def missing_pictures(files: AppFiles, renders: Mapping[str, str]) -> Iterator[Finding]:
    """An error on each of ``renders`` that could not be taken."""
    for path, selector in renders.items():
        if path not in files:
            why = "it is not on the page, has no size, or there is no browser here"
            message = f"no picture could be taken of {selector[:200]}: {why}"
            yield Finding(Severity.ERROR, "no-picture", message, path)
