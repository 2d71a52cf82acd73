"""``edgeagent run``: the daemon in the foreground, as systemd starts it."""

import gc
import os
import sys
from argparse import ArgumentParser, Namespace

from edgeagent.cli import place

BLOCKED = ("rich", "pydantic", "numpy", "cv2", "onnxruntime", "tpm2_pytss")
"""What belongs into child processes: blocked before anything else is imported (structlog would import rich)."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    place.add_options(parser)


def execute(options: Namespace) -> int:
    """Run until SIGTERM or Ctrl-C."""
    for name in BLOCKED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None is how Python blocks an import
    gc.disable()  # until the daemon has settled: what is loaded now is kept for ever anyway
    from edgeagent.daemon.run import run

    return run(options.config, os.environ)
