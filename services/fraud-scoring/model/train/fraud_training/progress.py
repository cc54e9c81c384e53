"""What the command does just now, for whoever waits."""

import sys


def say(text: str) -> None:
    """Writes one line to standard error."""
    print(text, file=sys.stderr, flush=True)
