"""The whole configuration: one file tree, each room's own parser, every mistake at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeagent.api import settings as api
from edgeagent.config.layers import Loaded, config_files, load
from edgeagent.config.tree import Problem
from edgeagent.daemon import settings as daemon
from edgeagent.drivers import settings as drivers
from edgeagent.drivers import site as sites
from edgeagent.model.errors import ConfigError
from edgeagent.model.site import Site
from edgeagent.store import settings as store
from edgeagent.uplink import settings as uplink


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every room's settings."""

    daemon: daemon.DaemonSettings
    api: api.ApiSettings
    store: store.StoreSettings
    uplink: uplink.UplinkSettings
    devices: tuple[drivers.DeviceSettings, ...]
    site: Site


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration as far as it could be read, and what is wrong with it."""

    configuration: Configuration
    loaded: Loaded

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every mistake, by file and line."""
        return self.loaded.problems

    @property
    def summary(self) -> str:
        """What it describes, in a few words."""
        site = self.configuration.site
        return f"{len(self.configuration.devices)} devices, {len(site.racks)} racks, {len(site.loads)} loads"


def check(path: Path, environment: Mapping[str, str]) -> Checked:
    """Read the file and those beside it, and have every room parse its part."""
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    loaded = load(config_files(path), credentials=Path(credentials) if credentials else None)
    root = loaded.root
    configuration = Configuration(
        daemon=daemon.parse(root, environment),
        api=api.parse(root.table("api")),
        store=store.parse(root.table("store")),
        uplink=uplink.parse(root.table("uplink")),
        devices=tuple(drivers.parse(root)),
        site=sites.parse(root),
    )
    root.finish()
    return Checked(configuration, loaded)


def read(path: Path, environment: Mapping[str, str]) -> Configuration:
    """A configuration without a mistake.

    Raises:
        ConfigError: there are mistakes; all of them are in the message.
    """
    checked = check(path, environment)
    if checked.problems:
        lines = "\n".join(f"  {problem}" for problem in checked.problems)
        raise ConfigError(f"cannot use the configuration:\n{lines}")
    return checked.configuration
