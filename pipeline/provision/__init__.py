"""The use cases for many Spaces at once: provisioning them from a template, and waking them."""

from pipeline.provision.many import ProvisionSpaces
from pipeline.provision.wake import WakeSpaces

__all__ = ["ProvisionSpaces", "WakeSpaces"]
