"""The kernel's small files, read by a child with a deadline: amdgpu, NPUs, links, and disks in a child of their own."""

from collections.abc import Sequence
from typing import Any

import msgspec

from edgeagent.core.worker import WorkerSpec
from edgeagent.model.errors import DeviceGarbled, DeviceUnreachable, WorkerError
from edgeagent.protocols.snmp_set import Asks

SPEC = WorkerSpec("sysfs", "edgeagent.protocols.files_child:HANDLERS")
DISK_SPEC = WorkerSpec("disk", "edgeagent.protocols.disk_child:HANDLERS")

Content = bytes | int
"""What stands in a file, or the errno of why it cannot be read."""


class Files:
    """Files by way of a child."""

    def __init__(self, worker: Asks) -> None:
        self._worker = worker

    async def read(self, paths: Sequence[str], timeout_s: float) -> list[Content]:
        """Each file's content or errno, in the order of the question.

        Raises:
            DeviceUnreachable: one of them held the child up beyond the deadline.
        """
        answer = await self.ask("read", {"paths": list(paths)}, list[bytes | int], timeout_s)
        contents: list[Content] = answer
        if len(contents) != len(paths):
            raise DeviceGarbled(f"cannot read the kernel's files: {len(paths)} asked, {len(contents)} answered")
        return contents

    async def ask(self, name: str, args: dict[str, Any], kind: Any, timeout_s: float) -> Any:
        """What the child's handler returns, as a type that msgspec knows. Raises as `read` does."""
        try:
            return msgspec.convert(await self._worker.call(name, args, timeout_s=timeout_s), kind)
        except WorkerError as error:
            raise DeviceUnreachable(f"cannot read the kernel's files: {error}") from None
        except msgspec.ValidationError as error:
            raise DeviceGarbled(f"cannot read the kernel's files: {error}") from None
