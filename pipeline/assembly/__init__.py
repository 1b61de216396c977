"""What every app needs besides the generated files. Pure code."""

from pipeline.assembly.attachments import attachment_findings, may_replace
from pipeline.assembly.site import assemble, wants_workflows
from pipeline.assembly.space.assembling import SpaceApp, assemble_space, title_of

__all__ = [
    "SpaceApp",
    "assemble",
    "assemble_space",
    "attachment_findings",
    "may_replace",
    "title_of",
    "wants_workflows",
]
