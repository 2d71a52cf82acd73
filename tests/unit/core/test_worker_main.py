"""The inside of a child, in this process: what needs no death to be shown."""

import os
import socket
import subprocess
import sys

import pytest

from edgeagent.core.pipe import HEADER, Reply, Request, pack, receive_body, unpack
from edgeagent.core.worker_main import answer, load, serve
from edgeagent.model.errors import DeviceError

LIMIT = 10_000


def refuse():
    raise DeviceError("no")


HANDLERS = {"double": lambda number: 2 * number, "refuse": refuse, "large": lambda: "x" * 2 * LIMIT}


def ask(name, **args):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(pack(Request(5, name, args), LIMIT))
        serve(theirs, HANDLERS, LIMIT)
        return unpack(receive_body(ours, LIMIT), Reply)


def test_a_call_is_answered_with_its_own_number():
    assert ask("double", number=21) == Reply(5, 42)
    assert ask("refuse") == Reply(5, error="DeviceError", message="no")
    assert ask("nothing") == Reply(5, error="WorkerError", message="there is no handler nothing")
    assert ask("large").message.startswith("cannot answer: the message has 200")


def test_a_bug_is_no_answer():
    with pytest.raises(ZeroDivisionError):
        answer(Request(1, "bug", {}), {"bug": lambda: 1 / 0})


def test_handlers_are_named_by_module_and_name():
    assert load("string:capwords")("a b") == "A B"
    with pytest.raises(ModuleNotFoundError):
        load("no_such_module:X")


@pytest.mark.parametrize(("parent", "answers"), [("parent", True), (1, False)])
def test_a_child_whose_parent_is_gone_or_hangs_up_ends_quietly(parent, answers):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = os.getpid() if parent == "parent" else 1
        options = f'{{"handlers": "string:__dict__", "parent": {pid}, "max_message_bytes": 1000}}'
        argv = [sys.executable, "-P", "-m", "edgeagent.core.worker_main", str(theirs.fileno()), options]
        with subprocess.Popen(argv, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE) as child:
            theirs.close()
            if answers:
                assert unpack(receive_body(ours, LIMIT), Reply) == Reply(0)
                ours.sendall(HEADER.pack(50) + b"cut off")
            ours.close()
            assert child.communicate(timeout=20)[1] == b""
            assert child.returncode == 0
