"""A real writer in a process of its own, killed with SIGKILL at random moments."""

import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from edgeagent.model.journal import Stream
from edgeagent.wire.record import EpochOpened, decode

from .conftest import Opener, everything

ROUNDS = 20
WRITER = Path(__file__).with_name("writer.py")


def write_until_killed(folder: Path, after_s: float) -> list[tuple[str, int, int, bytes]]:
    """What the writer said was committed, and was delivered, before it died."""
    child = subprocess.Popen([sys.executable, str(WRITER), str(folder)], stdout=subprocess.PIPE)
    said = [child.stdout.readline()]  # it has opened the store
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate()
    lines = (said[0] + rest).decode().split("\n")[:-1]  # a last line without its end was cut by the kill
    return [
        (stream, int(epoch), int(sequence), bytes.fromhex(content))
        for stream, epoch, sequence, content in (line.split() for line in lines if line != "ready")
    ]


async def test_no_position_is_used_twice_and_nothing_committed_is_lost_over_twenty_kills(
    opened: Opener, tmp_path: Path
) -> None:
    source, served = random.Random(5), dict[tuple[str, int, int], bytes]()
    for _ in range(ROUNDS):
        for stream, epoch, sequence, content in write_until_killed(tmp_path, source.uniform(0.0, 0.15)):
            assert served.setdefault((stream, epoch, sequence), content) == content
    assert len(served) > ROUNDS * 3
    async with opened() as store:
        kept = {
            (str(stream), *place): content
            for stream in Stream
            for place, content in (await everything(store, stream)).items()
        }
    assert served.items() <= kept.items()
    check_epochs(kept)


def check_epochs(kept: dict[tuple[str, int, int], bytes]) -> None:
    """Every epoch begins with its announcement, which names the true end of the one before."""
    ends: dict[str, dict[int, int]] = defaultdict(dict)
    for stream, epoch, sequence in sorted(kept):
        if sequence == 1:
            opening = decode(kept[stream, epoch, sequence])
            assert isinstance(opening, EpochOpened)
            assert opening.earlier == tuple(sorted(ends[stream].items()))[-32:]
        else:
            assert sequence == ends[stream][epoch] + 1
        ends[stream][epoch] = sequence
    assert all(len(ends[stream]) > ROUNDS for stream in ("telemetry", "audit", "alarm"))
