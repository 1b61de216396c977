"""The end of every help: the command as it is typed."""


def examples(*commands: str) -> str:
    """A line for each, as Typer wants the text below a command's help."""
    return "\n".join([f"Example{'s' * (len(commands) > 1)}:", *commands])
