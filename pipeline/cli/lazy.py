"""Commands that are listed by a line of help, and imported when they are called."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


class LazyCommand(TyperCommand):
    """Stands in a group's list for a command, or for a group of commands.

    Args:
        name: as it is typed.
        place: the function or the Typer app, as ``module:attribute``.
        line: of help, for the list and for its own page.
    """

    def __init__(self, name: str, place: str, line: str) -> None:
        super().__init__(name, help=line)
        self._place = place

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Of the command itself: with this its group begins to run it."""
        module, _, attribute = self._place.partition(":")
        found, group = getattr(import_module(module), attribute), typer.Typer()
        if isinstance(found, typer.Typer):
            group.add_typer(found, name=self.name, help=self.help)
        else:
            group.command(self.name, help=self.help)(found)
        return get_group(group).commands[str(self.name)].make_context(*args, **kwargs)


class LazyGroup(TyperGroup):
    """A group of such commands.

    Attributes:
        lazy: the commands, in the order in which they are listed.
    """

    lazy: ClassVar[Sequence[LazyCommand]]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {str(command.name): command for command in self.lazy}
