"""What every app needs besides the generated files. Pure code."""

from pipeline.assembly.attachments import may_replace
from pipeline.assembly.site import assemble
from pipeline.assembly.workflows import wants_workflows

__all__ = ["assemble", "may_replace", "wants_workflows"]
