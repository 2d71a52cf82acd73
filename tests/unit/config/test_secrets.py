"""Secrets are read from three places and shown nowhere."""

import copy

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.config.reader import REQUIRED
from edgeagent.config.secrets import MAX_SECRET_BYTES, Secret


@pytest.fixture
def folder(tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "mqtt").write_text("from systemd\n")
    private = tmp_path / "private"
    private.write_text("from a file\n")
    private.chmod(0o600)
    return tmp_path


def _load(folder, text, *, later=""):
    layers = [Layer(str(folder / "a.toml"), text), Layer(str(folder / "b.toml"), later)]
    return load([], layers=layers, credentials=folder / "credentials")


def test_a_secret_comes_from_a_credential_a_private_file_or_the_text_itself(folder):
    tree = _load(folder, 'a = { credential = "mqtt" }\nb = { file = "private" }\nc = "inline"\n')
    found = [tree.root.secret(key, REQUIRED) for key in "abc"]
    assert [(secret.reveal(), secret.inline) for secret in found] == [
        ("from systemd", False),
        ("from a file", False),
        ("inline", True),
    ]
    tree.root.finish()
    assert tree.problems == ()


def test_a_secret_is_never_shown():
    secret = Secret("hunter2", inline=True)
    assert [str(secret), repr(secret), f"{secret}", f"{[secret]}"] == ["•••", "•••", "•••", "[•••]"]
    assert secret.reveal() == "hunter2"


def test_a_changed_secret_is_seen_by_a_reload():
    assert Secret("a") == Secret("a") == copy.deepcopy(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('""', "an empty secret"),
        ("12345", "a whole number: must be text, credential = … or file = …"),
        ("{}", "a table: must be text"),
        (
            '{ credental = "hunter2" }',
            "the key 'credental': it has credential = … or file = …; did you mean credential?",
        ),
        ('{ credential = "mqtt", file = "private" }', "both credential and file: one of them must go"),
        ('{ credential = "../private" }', "it has no slashes"),
        ('{ credential = ".." }', "it has no slashes"),
        ('{ credential = "none" }', "no such file or directory"),
        ("{ credential = 1 }", "a whole number as the place of a secret: must be a name"),
        ('{ file = "none" }', "no such file or directory"),
        ('{ file = "open" }', "its mode 0644 lets others use it; run chmod 600 on it"),
        ('{ file = "binary" }', "it is not UTF-8 text"),
        ('{ file = "blank" }', "it is empty"),
        ('{ file = "huge" }', "it is larger than 64 KiB"),
        ('{ file = "credentials" }', "it is not a regular file"),
    ],
)
def test_a_secret_that_cannot_be_had_is_a_problem_without_its_value(folder, written, words):
    contents = {"open": b"hunter2", "binary": b"\xff", "blank": b"\n", "huge": b"x" * (MAX_SECRET_BYTES + 1)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o644 if name == "open" else 0o600)
    tree = _load(folder, f"\nk = {written}")
    assert tree.root.secret("k", REQUIRED).reveal() == ""
    (problem,) = tree.problems
    assert str(problem).startswith(f"{folder}/a.toml:2: k: cannot ")
    assert str(problem).endswith(words) or words in problem.message
    assert "hunter2" not in str(problem)
    assert "12345" not in str(problem)


def test_without_a_credentials_folder_the_message_names_the_unit_setting(loaded):
    tree = loaded('k = { credential = "mqtt" }')
    tree.root.secret("k")
    assert "LoadCredential=mqtt:" in str(tree.problems[0])


def test_a_missing_secret_is_none_or_a_problem(loaded):
    tree = loaded("")
    assert tree.root.secret("k") is None
    assert tree.problems == ()
    assert tree.root.secret("k", REQUIRED) == Secret("")
    assert len(tree.problems) == 1


def test_a_later_file_may_move_a_secret_elsewhere(folder):
    tree = _load(folder, 'k = { file = "private" }', later='k = { credential = "mqtt" }')
    assert tree.root.secret("k", REQUIRED).reveal() == "from systemd"
    assert tree.problems == ()
