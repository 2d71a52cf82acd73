"""Asking disks for their health, inside a child: a disk that dies holds who asks it in the kernel.

First the NVMe command itself, which needs no other program; then smartctl, where it is installed. Both need a right
that the base unit does not have (systemd/drop-ins/disk.conf).
"""

import ctypes
import errno
import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols import files_child
from edgeagent.protocols.smart import PAGE_BYTES, Smart, of_log_page, of_smartctl

NVME_IOCTL_ADMIN_CMD = 0xC0484E41
"""linux/nvme_ioctl.h: _IOWR('N', 0x41, struct nvme_admin_cmd)."""
GET_LOG_PAGE, HEALTH_LOG, ALL_NAMESPACES = 0x02, 0x02, 0xFFFFFFFF
COMMAND_MS = 3000
ANSWER_S = 4.0
NOT_ASKED = 0x03
"""smartctl(8), exit status: the command line was wrong, or the disk could not be opened."""
HINT = "systemd/drop-ins/disk.conf allows it"


class AdminCommand(ctypes.Structure):
    """struct nvme_admin_cmd of linux/nvme_ioctl.h."""

    _fields_ = (
        ("opcode", ctypes.c_uint8),
        ("flags", ctypes.c_uint8),
        ("reserved", ctypes.c_uint16),
        ("namespace", ctypes.c_uint32),
        ("words_2_3", ctypes.c_uint32 * 2),
        ("metadata", ctypes.c_uint64),
        ("address", ctypes.c_uint64),
        ("metadata_bytes", ctypes.c_uint32),
        ("data_bytes", ctypes.c_uint32),
        ("words_10_15", ctypes.c_uint32 * 6),
        ("timeout_ms", ctypes.c_uint32),
        ("result", ctypes.c_uint32),
    )


def smart(*, path: str, nvme: bool) -> dict[str, Any]:
    """The health of the disk at ``/dev/…``, as `protocols.smart.Smart`.

    Raises:
        DeviceRefused: neither way is permitted.
        DeviceUnreachable: there is no such disk, or it does not answer.
        DeviceGarbled: it answers nonsense.
    """
    try:
        found = _by_log_page(path) if nvme else _by_smartctl(path)
    except DeviceRefused:
        if not nvme or shutil.which("smartctl") is None:
            raise
        found = _by_smartctl(path)
    return dict(msgspec.structs.asdict(found))


def _by_log_page(path: str) -> Smart:
    try:
        return of_log_page(_log_page(path))
    except PermissionError:
        raise DeviceRefused(f"cannot ask {path} for its health: not permitted ({HINT})") from None
    except OSError as error:
        raise DeviceUnreachable(f"cannot ask {path} for its health: {error.strerror or error}") from None
    except ValueError as error:
        raise DeviceGarbled(f"cannot ask {path} for its health: {error}") from None


def _log_page(path: str) -> bytes:
    page = ctypes.create_string_buffer(PAGE_BYTES)
    command = AdminCommand(
        opcode=GET_LOG_PAGE,
        namespace=ALL_NAMESPACES,
        address=ctypes.addressof(page),
        data_bytes=PAGE_BYTES,
        timeout_ms=COMMAND_MS,
    )
    command.words_10_15[0] = HEALTH_LOG | (PAGE_BYTES // 4 - 1) << 16
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = fcntl.ioctl(descriptor, NVME_IOCTL_ADMIN_CMD, command)
    finally:
        os.close(descriptor)
    if status:
        raise OSError(errno.EIO, f"it answers with NVMe status {status:#x}")
    return page.raw


def _by_smartctl(path: str) -> Smart:
    program = shutil.which("smartctl")
    if program is None:
        raise DeviceRefused(f"cannot ask {path} for its health: smartctl is not installed (package smartmontools)")
    try:
        words = [program, "--json=c", "-i", "-H", "-A", path]
        done = subprocess.run(words, capture_output=True, check=False, timeout=ANSWER_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeviceUnreachable(f"cannot ask {path} for its health: {error}") from None
    if done.returncode & NOT_ASKED:
        denied = b"ermission denied" in done.stdout
        why = f"not permitted ({HINT})" if denied else "smartctl cannot open it"
        raise (DeviceRefused if denied else DeviceUnreachable)(f"cannot ask {path} for its health: {why}")
    try:
        return of_smartctl(done.stdout)
    except ValueError as error:
        raise DeviceGarbled(f"cannot ask {path} for its health: {error}") from None


HANDLERS: Mapping[str, Callable[..., Any]] = {"read": files_child.read, "smart": smart}
