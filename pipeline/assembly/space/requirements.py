"""A requirements.txt for apps that came without one: what their Python imports, as far as that is certain."""

import re
import sys

from pipeline.assembly.space.entry import Imports
from pipeline.domain.publication import SpaceSdk

# Import name -> distribution. Only these: a guessed name may belong to somebody who waits for guesses.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "accelerate": "accelerate",
    "aiofiles": "aiofiles",
    "aiohttp": "aiohttp",
    "altair": "altair",
    "bokeh": "bokeh",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "datasets": "datasets",
    "dateutil": "python-dateutil",
    "diffusers": "diffusers",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "duckdb": "duckdb",
    "fastapi": "fastapi",
    "flask": "flask",
    "flask_cors": "flask-cors",
    "folium": "folium",
    "gradio": "gradio",
    "gradio_client": "gradio_client",
    "gunicorn": "gunicorn",
    "httpx": "httpx",
    "huggingface_hub": "huggingface_hub",
    "jinja2": "jinja2",
    "joblib": "joblib",
    "jwt": "pyjwt",
    "langchain": "langchain",
    "lxml": "lxml",
    "markdown": "markdown",
    "matplotlib": "matplotlib",
    "multipart": "python-multipart",
    "networkx": "networkx",
    "nltk": "nltk",
    "numpy": "numpy",
    "openai": "openai",
    "openpyxl": "openpyxl",
    "pandas": "pandas",
    "plotly": "plotly",
    "polars": "polars",
    "pyarrow": "pyarrow",
    "pydantic": "pydantic",
    "pypdf": "pypdf",
    "qrcode": "qrcode",
    "requests": "requests",
    "rich": "rich",
    "scipy": "scipy",
    "seaborn": "seaborn",
    "sentence_transformers": "sentence-transformers",
    "shapely": "shapely",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "sqlalchemy": "sqlalchemy",
    "starlette": "starlette",
    "streamlit": "streamlit",
    "sympy": "sympy",
    "torch": "torch",
    "torchvision": "torchvision",
    "tqdm": "tqdm",
    "transformers": "transformers",
    "uvicorn": "uvicorn",
    "waitress": "waitress",
    "websockets": "websockets",
    "wordcloud": "wordcloud",
    "xgboost": "xgboost",
    "yaml": "pyyaml",
}
# What the image of a Gradio Space has; a line of their own would fight its sdk_version.
_PART_OF_GRADIO_SPACES = {"gradio", "gradio_client", "huggingface_hub", "spaces"}
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
    """The version of Gradio that a requirements.txt insists on, or None: sdk_version has to be the same."""
    found = _PINNED_GRADIO.search(requirements)
    return found[1] if found else None
