"""The kernel's GPIO interface as this machine's own header has it, and what is said where there is no chip.

No GPIO hardware was there when this was written: that the kernel does what its header says is not tested.
"""

import errno
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols import gpio
from edgeagent.protocols.gpio import Lines, Wish, request

HEADER = Path("/usr/include/linux/gpio.h")
PROGRAM = """
#include <stddef.h>
#include <stdio.h>
#include <linux/gpio.h>
#include <sys/ioctl.h>
#define SHOW(name, value) printf("%s %llu\\n", name, (unsigned long long)(value))
int main(void) {
  SHOW("GET_CHIP_INFO", GPIO_GET_CHIPINFO_IOCTL);
  SHOW("GET_LINE_INFO", GPIO_V2_GET_LINEINFO_IOCTL);
  SHOW("GET_LINE", GPIO_V2_GET_LINE_IOCTL);
  SHOW("GET_VALUES", GPIO_V2_LINE_GET_VALUES_IOCTL);
  SHOW("CHIP_INFO", sizeof(struct gpiochip_info));
  SHOW("LINE_INFO", sizeof(struct gpio_v2_line_info));
  SHOW("ATTRIBUTE", sizeof(struct gpio_v2_line_config_attribute));
  SHOW("REQUEST", sizeof(struct gpio_v2_line_request));
  SHOW("VALUES", sizeof(struct gpio_v2_line_values));
  SHOW("EVENT", sizeof(struct gpio_v2_line_event));
  SHOW("MAX_LINES", GPIO_V2_LINES_MAX);
  SHOW("ACTIVE_LOW", GPIO_V2_LINE_FLAG_ACTIVE_LOW);
  SHOW("INPUT", GPIO_V2_LINE_FLAG_INPUT);
  SHOW("RISING", GPIO_V2_LINE_FLAG_EDGE_RISING);
  SHOW("FALLING", GPIO_V2_LINE_FLAG_EDGE_FALLING);
  SHOW("pull-up", GPIO_V2_LINE_FLAG_BIAS_PULL_UP);
  SHOW("pull-down", GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN);
  SHOW("none", GPIO_V2_LINE_FLAG_BIAS_DISABLED);
  SHOW("used", GPIO_V2_LINE_FLAG_USED);
  SHOW("DEBOUNCE", GPIO_V2_LINE_ATTR_ID_DEBOUNCE);
  SHOW("RISING_EDGE", GPIO_V2_LINE_EVENT_RISING_EDGE);
  struct gpio_v2_line_request r = {0};
  r.offsets[0] = 17; r.offsets[1] = 4;
  __builtin_memcpy(r.consumer, "edgeagent", 9);
  r.num_lines = 2;
  r.config.flags = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING
    | GPIO_V2_LINE_FLAG_ACTIVE_LOW | GPIO_V2_LINE_FLAG_BIAS_PULL_UP;
  r.config.num_attrs = 1;
  r.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
  r.config.attrs[0].attr.debounce_period_us = 10000;
  r.config.attrs[0].mask = 3;
  printf("request ");
  for (size_t i = 0; i < sizeof r; i++) printf("%02x", ((unsigned char *)&r)[i]);
  struct gpio_v2_line_event e = {.timestamp_ns = 1, .id = 2, .offset = 17, .seqno = 3, .line_seqno = 4};
  printf("\\nevent ");
  for (size_t i = 0; i < sizeof e; i++) printf("%02x", ((unsigned char *)&e)[i]);
  struct gpio_v2_line_info n = {.offset = 17, .flags = GPIO_V2_LINE_FLAG_USED};
  __builtin_memcpy(n.consumer, "other", 5);
  printf("\\ninfo ");
  for (size_t i = 0; i < sizeof n; i++) printf("%02x", ((unsigned char *)&n)[i]);
  r.fd = 42;
  printf("\\nfd %d %zu\\n", r.fd, offsetof(struct gpio_v2_line_request, fd));
  return 0;
}
"""


@pytest.fixture(scope="module")
def header(tmp_path_factory):
    """What this machine's own header says, by name."""
    compiler = shutil.which("cc")
    if compiler is None or not HEADER.exists():
        pytest.skip("needs a C compiler and linux/gpio.h")
    folder = tmp_path_factory.mktemp("header")
    (folder / "show.c").write_text(PROGRAM)
    subprocess.run([compiler, "-o", "show", "show.c"], cwd=folder, check=True)
    said = subprocess.run([str(folder / "show")], capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in said.splitlines())


@pytest.mark.parametrize("name", ["CHIP_INFO", "LINE_INFO", "ATTRIBUTE", "REQUEST", "VALUES", "EVENT"])
def test_a_structure_is_as_long_as_the_kernels(header, name):
    assert getattr(gpio, name).size == int(header[name])


@pytest.mark.parametrize(
    "name",
    [
        "GET_CHIP_INFO", "GET_LINE_INFO", "GET_LINE", "GET_VALUES", "MAX_LINES", "ACTIVE_LOW", "INPUT", "RISING",
        "FALLING", "DEBOUNCE", "RISING_EDGE",
    ],
)  # fmt: skip
def test_a_number_is_the_kernels(header, name):
    assert getattr(gpio, name) == int(header[name])


def test_what_holds_a_line_is_the_kernels(header):
    assert {name: flag for name, flag in gpio.BIAS.items() if flag} == {
        name: int(header[name]) for name in ("pull-up", "pull-down", "none")
    }
    assert int(header["used"]) == 1


def test_a_request_is_octet_for_octet_what_c_makes_of_it(header):
    assert request((17, 4), Wish()).hex() == header["request"]
    whole = bytearray(request((17, 4), Wish()))
    value, offset = map(int, header["fd"].split())
    whole[offset : offset + 4] = value.to_bytes(4, "little")
    assert gpio.REQUEST.unpack(whole)[-1] == value


def test_an_event_and_a_lines_user_are_read_where_c_puts_them(header):
    time_ns, what, offset, _, _ = gpio.EVENT.unpack(bytes.fromhex(header["event"]))
    assert (time_ns, what, offset) == (1, 2, 17)
    found = gpio.LINE_INFO.unpack(bytes.fromhex(header["info"]))
    assert (found[1].rstrip(b"\0"), found[2], found[4]) == (b"other", 17, 1)


def test_without_a_chip_a_person_is_told_how_to_find_one(tmp_path):
    with pytest.raises(DeviceUnreachable, match="gpiodetect lists"):
        Lines(tmp_path / "gpiochip0", (1,), Wish())


def test_what_is_no_chip_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DeviceGarbled, match="it is no GPIO chip"):
        Lines(tmp_path / "file", (1,), Wish())
    with pytest.raises(DeviceGarbled, match="it is no GPIO chip"):
        Lines(Path("/dev/null"), (1,), Wish())


class Kernel:
    """Stands for the kernel's half, as its header describes it: a pipe is the descriptor of the lines."""

    def __init__(self):
        self.failures = []
        self.asked = []
        self.bits = 0
        self.near, self.far = os.pipe()

    def ioctl(self, descriptor, number, data):
        if number == gpio.GET_CHIP_INFO:
            return gpio.CHIP_INFO.pack(b"gpiochip0", b"pinctrl-test", 8)
        if number == gpio.GET_LINE_INFO:
            line = gpio.LINE_INFO.unpack(data)[2]
            return gpio.LINE_INFO.pack(b"", b"other" if line == 4 else b"", line, 0, int(line == 4), b"")
        if number == gpio.GET_VALUES:
            assert descriptor == self.near
            return gpio.VALUES.pack(self.bits & gpio.VALUES.unpack(data)[1], 0)
        self.asked.append(gpio.REQUEST.unpack(data))
        if self.failures:
            raise OSError(self.failures.pop(0), "not this")
        return gpio.REQUEST.pack(*self.asked[-1][:-1], self.near)

    def tell(self, line, what):
        os.write(self.far, gpio.EVENT.pack(1, what, line, 1, 1))


@pytest.fixture
def kernel(monkeypatch):
    made = Kernel()
    monkeypatch.setattr(gpio, "fcntl", SimpleNamespace(ioctl=made.ioctl))
    yield made
    os.close(made.far)


def taken(lines=(2, 4), wish=None):
    return Lines(Path("/dev/null"), lines, wish or Wish())


def test_levels_are_by_line_and_edges_in_their_order(kernel):
    lines = taken()
    kernel.bits = 0b10
    assert lines.levels() == {2: 0, 4: 1}
    assert lines.edges() == []
    kernel.tell(4, 2)
    kernel.tell(2, 1)
    assert lines.edges() == [(4, 0), (2, 1)]
    assert (lines.chip.label, lines.has_edges) == ("pinctrl-test", True)
    lines.close()
    lines.close()


def test_a_chip_without_interrupts_is_asked_again_without_edges(kernel):
    kernel.failures = [errno.ENXIO]
    lines = taken()
    first, second = kernel.asked
    assert first[2] & (gpio.RISING | gpio.FALLING)
    assert not second[2] & (gpio.RISING | gpio.FALLING)
    assert (first[3], second[3]) == (1, 0)  # debouncing is by edges too
    assert not lines.has_edges
    assert lines.edges() == []
    lines.close()


def test_a_line_that_another_has_is_told_with_its_name(kernel):
    kernel.failures = [errno.EBUSY]
    with pytest.raises(DeviceRefused, match="others have 4 by other"):
        taken()
    kernel.failures = [errno.ENOTTY]
    with pytest.raises(DeviceRefused, match=r"older than Linux 5\.10"):
        taken()
    kernel.failures = [errno.EINVAL]
    with pytest.raises(DeviceRefused, match="as inputs: not this"):
        taken()
    os.close(kernel.near)


def test_a_line_that_is_not_there_is_told(kernel):
    with pytest.raises(DeviceRefused, match="line 8 of /dev/null: it has 8, counted from 0"):
        taken((8,))
    os.close(kernel.near)
