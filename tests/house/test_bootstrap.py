"""scripts/bootstrap refuses what it does not know, asks nobody, and leaves the machine as it was.

Other machines are made of mount namespaces and of programs put in front on PATH; the scripts know nothing of it.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOOTSTRAP = ROOT / "scripts" / "bootstrap"
APT_INSTALL = ROOT / "scripts" / "lib" / "apt-install"
NAMESPACE = ["unshare", "--map-root-user", "--mount", "--propagation", "private"]


def run(*words: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    if path is not None:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
        stdin=subprocess.DEVNULL,
        cwd="/",
    )


@pytest.fixture
def namespace() -> list[str]:
    if run(*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt").returncode != 0:
        pytest.skip("no mount namespaces here: not allowed, or this is a chroot")
    return NAMESPACE


@pytest.fixture
def shims(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def shim(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/bash\n{script}\n")
    program.chmod(0o755)


def assert_refused(done: subprocess.CompletedProcess[str], why: str) -> None:
    assert done.returncode == 2, done.stderr
    assert why in done.stderr
    assert "supported: Debian 12 or later and Ubuntu 24.04 or later, on x86-64 or 64-bit ARM" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("os_release", "why"),
    [
        ("ID=debian\nVERSION_ID=11\n", "this is debian 11"),
        ('ID=ubuntu\nVERSION_ID="22.04"\n', "this is ubuntu 22.04"),
        ("ID=fedora\nVERSION_ID=43\n", "this is fedora 43"),
        ("ID=alpine\nVERSION_ID=3.22.1\n", "this is alpine 3.22.1"),
        ("ID=arch\n", "this is arch"),
        ('ID=debian\nPRETTY_NAME="Debian GNU/Linux trixie/sid"\n', "without a release number"),
    ],
)
def test_an_unsupported_system_is_refused_and_the_supported_are_named(
    namespace: list[str], tmp_path: Path, os_release: str, why: str
) -> None:
    other = tmp_path / "os-release"
    other.write_text(os_release)
    script = 'mount --bind "$0" "$(readlink -f /etc/os-release)" && exec "$1"'
    assert_refused(run(*namespace, "bash", "-c", script, other, BOOTSTRAP), why)


def test_another_kernel_is_refused(shims: Path) -> None:
    shim(shims, "uname", "echo Darwin")
    assert_refused(run(BOOTSTRAP, path=shims), "this is Darwin, not Linux")


def test_another_architecture_is_refused(shims: Path) -> None:
    shim(shims, "dpkg", "echo armhf")
    assert_refused(run(BOOTSTRAP, path=shims), "this system is armhf")


def test_an_unknown_mode_is_told_the_usage() -> None:
    done = run(BOOTSTRAP, "everything")
    assert done.returncode == 2
    assert "scripts/bootstrap dev" in done.stderr


def test_without_rights_it_says_what_to_do_and_asks_nobody(shims: Path) -> None:
    shim(shims, "id", "echo 1000")
    shim(shims, "dpkg-query", "exit 1")
    shim(shims, "sudo", '[ "$1" = -n ] || sleep 600; exit 1')
    done = run(BOOTSTRAP, path=shims)
    assert done.returncode == 1
    assert "installing Debian packages: ca-certificates mosquitto python3 python3-venv" in done.stdout
    assert "sudo -v" in done.stderr
    assert "scripts/lib/apt-install ca-certificates mosquitto" in done.stderr


class Machine:
    """A root that can be spoilt: /etc, /usr/sbin and /var/lib are overlays that end with the namespace."""

    def __init__(self, namespace: list[str], tmp_path: Path, shims: Path) -> None:
        self._namespace = namespace
        self._shims = shims
        self._script = tmp_path / "machine"
        # A package that enables a unit and an init script, and tries to start what it brings.
        shim(shims, "apt-get", '[[ " $* " != *" install "* ]] || { source "$0.install"; }')
        self.installing("exit 0")
        self._layers = """
            mount -t tmpfs tmpfs /mnt
            for folder in /etc /usr/sbin /var/lib; do
              mkdir -p /mnt/$folder/upper /mnt/$folder/work
              mount -t overlay overlay -o lowerdir=$folder,upperdir=/mnt/$folder/upper,workdir=/mnt/$folder/work $folder
            done
            rm -f /usr/sbin/policy-rc.d
            mkdir -p /etc/systemd/system/multi-user.target.wants /etc/rc2.d /etc/init.d
            touch /etc/init.d/planted
        """
        shim(shims, "update-rc.d", 'mv /etc/rc2.d/S05"$1" /etc/rc2.d/K05"$1"')

    def installing(self, end: str) -> None:
        (self._shims / "apt-get.install").write_text(f"""
            ln -sf /lib/systemd/system/planted.service /etc/systemd/system/multi-user.target.wants/planted.service
            ln -sf ../init.d/planted /etc/rc2.d/S05planted
            /usr/sbin/policy-rc.d; echo "may start: $?" >&3
            {end}
        """)

    def run(self, script: str) -> list[str]:
        """The lines that the script and the package wrote to file descriptor 3."""
        self._script.write_text(f"set -e\n{self._layers}\nset +e\n{script}\n")
        log = self._script.with_suffix(".log")
        done = run(*self._namespace, "bash", "-c", f'exec 3>"{log}"; source "{self._script}"', path=self._shims)
        assert done.returncode == 0, done.stderr
        return log.read_text().splitlines()


LOOK = """
    find /etc/systemd/system/multi-user.target.wants /etc/rc2.d -name '*planted*' | sort >&3
    cat /usr/sbin/policy-rc.d >&3 2>/dev/null || echo "no policy" >&3
    ls -d /var/lib/edgeagent-bootstrap >&3 2>/dev/null
    true
"""


@pytest.fixture
def machine(namespace: list[str], tmp_path: Path, shims: Path) -> Machine:
    spoilt = Machine(namespace, tmp_path, shims)
    layers = "lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w"
    script = f"mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w && mount -t overlay o -o {layers} /etc"
    if run(*namespace, "bash", "-c", script).returncode != 0 or shutil.which("dpkg") is None:
        pytest.skip("no overlay mounts here: not allowed")
    return spoilt


def test_a_package_may_not_start_a_service_and_is_disabled_again(machine: Machine) -> None:
    assert machine.run(f'"{APT_INSTALL}" planted || exit 9; {LOOK}') == [
        "may start: 101",
        "/etc/rc2.d/K05planted",
        "no policy",
    ]


def test_what_was_enabled_before_stays_enabled(machine: Machine) -> None:
    before = "ln -s /lib/x /etc/systemd/system/multi-user.target.wants/planted.service; ln -s x /etc/rc2.d/S05planted"
    assert machine.run(f'{before}; "{APT_INSTALL}" planted || exit 9; {LOOK}') == [
        "may start: 101",
        "/etc/rc2.d/S05planted",
        "/etc/systemd/system/multi-user.target.wants/planted.service",
        "no policy",
    ]


def test_after_a_failed_installation_the_machines_own_policy_is_back(machine: Machine) -> None:
    machine.installing("echo cannot reach the mirror; exit 100")
    own = "printf '#!/bin/sh\\n# own\\nexit 0\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d"
    assert machine.run(f'{own}; "{APT_INSTALL}" planted; echo "status $?" >&3; {LOOK}') == [
        "may start: 101",
        "status 1",
        "/etc/rc2.d/K05planted",
        "#!/bin/sh",
        "# own",
        "exit 0",
    ]


def test_what_a_killed_run_left_is_put_back_by_the_next(machine: Machine) -> None:
    # The parent of this stand-in for apt-get is a subshell of apt-install; its parent is apt-install itself.
    machine.installing("kill -KILL $(awk '/^PPid:/ {print $2}' /proc/$PPID/status); exit 0")
    state = "ls -d /var/lib/edgeagent-bootstrap >&3; tail -n 1 /usr/sbin/policy-rc.d >&3"
    seen = machine.run(f'"{APT_INSTALL}" planted; echo "status $?" >&3; {state}; "{APT_INSTALL}" || exit 9; {LOOK}')
    assert seen == [
        "may start: 101",
        "status 137",
        "/var/lib/edgeagent-bootstrap",
        "exit 101",
        "/etc/rc2.d/K05planted",
        "no policy",
    ]


def test_a_refusal_takes_less_than_a_second_of_work(shims: Path) -> None:
    shim(shims, "uname", "echo Darwin")
    before = os.times()
    run(BOOTSTRAP, path=shims)
    after = os.times()
    spent_s = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent_s < 1, "processor time, so that a busy machine does not matter"
