"""Files that an earlier release wrote are opened, migrated and delivered whole."""

import shutil
from pathlib import Path

import pytest

from edgeagent.core.migrations import TooNew
from edgeagent.model.journal import Stream
from edgeagent.store.schema import SAFETY_MIGRATIONS, TELEMETRY_MIGRATIONS
from edgeagent.wire.chain import GENESIS, extend
from edgeagent.wire.record import Audited, ClockAnchor, Sample

from .conftest import Opener, everything, records

GOLDEN = Path(__file__).parents[2] / "golden"


def golden(folder: Path, version: int) -> None:
    for name in ("safety", "telemetry"):
        shutil.copyfile(GOLDEN / f"{name}-v{version}.db", folder / f"{name}.db")


@pytest.mark.parametrize("version", [1])
async def test_every_release_can_be_opened_and_loses_nothing(opened: Opener, tmp_path: Path, version: int) -> None:
    golden(tmp_path, version)
    async with opened() as store:
        assert not store.troubles
        assert not list(tmp_path.glob("*.damaged-*"))
        samples = await records(store, Sample)
        assert [one.readings[0].value for one in samples] == [103.0, 104.0, *(107.0 + n for n in range(13))]
        assert await records(store, ClockAnchor) == []
        assert b"an alarm of the first release" in (await everything(store, Stream.ALARM)).values()
        (audited,) = await records(store, Audited, Stream.AUDIT)
        assert audited.detail == "the first release"
        contents = [content for _, content in sorted((await everything(store, Stream.AUDIT)).items())]
        assert extend(GENESIS, contents).hex() == store.head()
        assert store.fact("identity") == {"pdu-a1": "SN 1"}
        counts = store.counts()[Stream.TELEMETRY]
        assert (counts.acknowledged, counts.pending) == (7, 16)
        await store.append_durable(Stream.TELEMETRY, b"x")


def test_this_releases_golden_files_exist() -> None:
    assert (GOLDEN / f"safety-v{len(SAFETY_MIGRATIONS)}.db").exists()
    assert (GOLDEN / f"telemetry-v{len(TELEMETRY_MIGRATIONS)}.db").exists()


@pytest.mark.parametrize("name", ["safety", "telemetry"])
async def test_a_file_of_a_newer_release_stops_the_start_and_is_not_touched(
    opened: Opener, tmp_path: Path, name: str
) -> None:
    golden(tmp_path, 1)
    path = tmp_path / f"{name}.db"
    content = bytearray(path.read_bytes())
    content[60:64] = (99).to_bytes(4, "big")  # user_version, SQLite file format section 1.3
    path.write_bytes(content)
    with pytest.raises(TooNew, match="version 99"):
        async with opened():
            pass
    assert path.read_bytes()[:100] == content[:100]
    assert not list(tmp_path.glob("*.damaged-*"))
