"""``edgeagent run``: the daemon in the foreground, as systemd starts it."""

import gc
import os
import sys
from argparse import ArgumentParser, Namespace

from edgeagent.cli import place

BLOCKED = ("rich", "pydantic", "numpy", "cv2", "onnxruntime", "tpm2_pytss")
"""What belongs into child processes: blocked before anything else is imported (structlog would import rich)."""

EPILOG = """examples:
  edgeagent run --config edgeagent.toml
  systemctl start edgeagent                how a pod runs it

Ends in good order at SIGTERM or Ctrl-C: what was read is recorded and, while the link is up, delivered.
exit codes: 0 stopped, 1 could not start and says why"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)


def execute(options: Namespace) -> int:
    """Run until SIGTERM or Ctrl-C; SIGHUP reads the configuration again."""
    for name in BLOCKED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None is how Python blocks an import
    # gufo-snmp panics on some garbled packets, and writing a trace of it would hold the loop for 100 ms.
    os.environ.setdefault("RUST_BACKTRACE", "0")
    gc.disable()  # until the daemon has settled: what is loaded now is kept for ever anyway
    from edgeagent.daemon.run import run

    return run(options.config, os.environ)
