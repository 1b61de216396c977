"""From an attachment to what a model sees of it, and to files made from it."""

from pipeline.generation.attachments.untrusted import wrap_untrusted
from pipeline.generation.attachments.view import AttachmentPart, AttachmentView, describe_attachments

__all__ = ["AttachmentPart", "AttachmentView", "describe_attachments", "wrap_untrusted"]
