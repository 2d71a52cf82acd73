"""What the children of test_worker serve: one good call, and every way to misbehave."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from edgeagent.model.errors import ConfigError, DeviceRefused

TRACE = """
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
seized = libc.ptrace(0x4206, int(sys.argv[1]), None, None)  # PTRACE_SEIZE
print("no" if seized else "yes", flush=True)
time.sleep(60 if not seized else 0)
"""


class Unheard(ConfigError):
    """An error class that the parent does not know."""


def echo(text):
    return text


def fail(text):
    raise DeviceRefused(text)


def fail_unheard():
    raise Unheard("strange")


def bug():
    raise ZeroDivisionError("a bug")


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(code):
    os._exit(code)


def spin():
    while True:
        pass


def wait(seconds):
    time.sleep(seconds)
    return "waited"


def hold_out():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


def large(size):
    return "x" * size


def unpackable():
    return object()


def _socket():
    return int(sys.argv[1])


def garbage():
    os.write(_socket(), b"\x00\x00\x00\x03\xc1\xc1\xc1")
    time.sleep(60)


def giant():
    os.write(_socket(), b"\xff\xff\xff\xff")
    time.sleep(60)


def twice():
    os.write(_socket(), b"\x00\x00\x00\x05\x94\x00\xc0\xa0\xa0")
    return "late"


def hang_up():
    os.close(_socket())
    time.sleep(60)


def say(lines, width=0):
    for line in lines:
        print(line + "x" * width, flush=True)


def flood(count):
    sys.stderr.write("flood\n" * count)
    sys.stderr.flush()


def facts():
    return {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "session": os.getsid(0),
        "oom_score_adj": int(Path("/proc/self/oom_score_adj").read_text()),
        "nice": os.nice(0),
        "path": sys.path,
    }


def allocate(size):
    return len(bytearray(size))


def outlive_sigkill():
    """Be traced by a process that never reaps: to the parent this looks as state D does, alive after SIGKILL."""
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
    argv = [sys.executable, "-c", TRACE, str(os.getpid())]
    tracer = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    return {"tracer": tracer.pid, "seized": tracer.stdout.readline().strip() == b"yes"}


HANDLERS = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__
}
