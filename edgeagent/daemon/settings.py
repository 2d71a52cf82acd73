"""The ``[pod]`` and ``[daemon]`` tables: who this pod is, and where the daemon keeps its things."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeagent.config.reader import Reader

NAME = "[a-z0-9-]+"
"""A site or pod name: it becomes part of MQTT topics and access lists."""

NAME_SHAPE = "be lower-case letters, digits and hyphens"


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """``state`` holds the databases and outlives everything; ``runtime`` holds the socket and dies with the boot."""

    site: str
    pod: str
    state: Path
    runtime: Path
    log_level: str

    @property
    def socket(self) -> Path:
        """Where the local API listens."""
        return self.runtime / "api.sock"


def parse(root: Reader, environment: Mapping[str, str]) -> DaemonSettings:
    """The settings in ``[pod]`` and ``[daemon]``; systemd's directories are the defaults of the folders."""
    pod, daemon = root.table("pod"), root.table("daemon")
    return DaemonSettings(
        site=pod.text("site", pattern=NAME, shape=NAME_SHAPE, max_length=63),
        pod=pod.text("name", pattern=NAME, shape=NAME_SHAPE, max_length=63),
        state=daemon.file("state", _folder(environment, "STATE_DIRECTORY", "/var/lib/edgeagent")),
        runtime=daemon.file("runtime", _folder(environment, "RUNTIME_DIRECTORY", "/run/edgeagent")),
        log_level=daemon.choice("log_level", ("debug", "info", "warning", "error"), "info"),
    )


def _folder(environment: Mapping[str, str], name: str, default: str) -> Path:
    # systemd.exec(5): several directories come separated by colons; the first is ours.
    return Path(environment.get(name, default).split(":")[0])
