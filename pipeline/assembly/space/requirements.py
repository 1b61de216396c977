"""A requirements.txt for apps that came without one: what their Python imports, as far as that is certain."""

import re
import sys

from pipeline.assembly.space.entry import Imports
from pipeline.domain.publication import SpaceSdk

# Import name -> distribution. Only these: a guessed name may belong to somebody who waits for guesses.
_DISTRIBUTIONS = {
    name: name
    for name in (
        *("accelerate", "aiofiles", "aiohttp", "altair", "bokeh", "datasets", "diffusers", "duckdb", "fastapi"),
        *("flask", "folium", "gradio", "gradio_client", "gunicorn", "httpx", "huggingface_hub", "jinja2", "joblib"),
        *("langchain", "lxml", "markdown", "matplotlib", "networkx", "nltk", "numpy", "openai", "openpyxl", "pandas"),
        *("plotly", "polars", "pyarrow", "pydantic", "pypdf", "qrcode", "requests", "rich", "scipy", "seaborn"),
        *("shapely", "sqlalchemy", "starlette", "streamlit", "sympy", "torch", "torchvision", "tqdm", "transformers"),
        *("uvicorn", "waitress", "websockets", "wordcloud", "xgboost"),
    )
} | {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "flask_cors": "flask-cors",
    "jwt": "pyjwt",
    "multipart": "python-multipart",
    "PIL": "pillow",
    "sentence_transformers": "sentence-transformers",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
# What the image of a Gradio Space has; a line of their own would fight its sdk_version.
_PART_OF_GRADIO_SPACES = {"gradio", "gradio_client", "huggingface_hub", "spaces"}
CURRENT_GRADIO = "6.31.0"
"""The newest on PyPI in December 2026; prompts/target-gradio.md names it as well."""

_BOUND_GRADIO = re.compile(r"^\s*gradio(?:\[[\w,\s-]*\])?[ \t]*(?:[~!=<@]|>[^#\n]*<)", re.MULTILINE)
_PINNED_GRADIO = re.compile(r"^\s*gradio(?:\[[\w,\s-]*\])?\s*==\s*(\d+\.\d+\.\d+)\s*(?:#.*)?$", re.MULTILINE)


def default_requirements(imports: Imports, kind: SpaceSdk) -> tuple[bytes, tuple[str, ...]]:
    """What the app's Python files need.

    Returns:
        A requirements.txt without versions, and the imported names whose distribution is not known here.
    """
    own = {part.removesuffix(".py") for path in imports for part in path.split("/")}
    foreign = set[str]().union(*imports.values()) - own - set(sys.stdlib_module_names)
    if kind is SpaceSdk.GRADIO:
        foreign -= _PART_OF_GRADIO_SPACES
    if "fastapi" in foreign:
        foreign.add("uvicorn")
    names = sorted({_DISTRIBUTIONS[name] for name in foreign if name in _DISTRIBUTIONS})
    unknown = tuple(sorted(name for name in foreign if name not in _DISTRIBUTIONS))
    lines = names or ["# The app needs nothing that is not there already."]
    return ("\n".join(lines) + "\n").encode(), unknown


def pinned_gradio(requirements: str) -> str | None:
    """What sdk_version has to be: the version of Gradio that a requirements.txt insists on, else the current one.

    None where the requirements set a bound of another kind: the Hub settles that.
    """
    if found := _PINNED_GRADIO.search(requirements):
        return found[1]
    return None if _BOUND_GRADIO.search(requirements) else CURRENT_GRADIO
