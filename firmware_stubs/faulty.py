"""What can go wrong between a sound device and the wire, for servers that are no SNMP cards.

A server owns one `Faulty` and asks it before each answer; the `FaultBoard` sets it. SNMP cards have their own (`Card`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(eq=False)
class Faulty:
    """The health of one server's conversation. The defaults are a sound one."""

    mute: bool = False  # takes requests, answers nothing
    slow_s: float = 0.0  # answers so late
    reset: bool = False  # closes each connection with a reset in place of an answer
    reset_next: int = 0  # so many resets are owed: the server counts them down by `take_reset`
    wrong_transaction: bool = False  # Modbus: answers carry another transaction id
    exception_code: int = 0  # Modbus: every answer is this exception (1 illegal function ... 6 busy); 0: none
    status_code: int = 0  # HTTP: every answer has this status and no content of worth; 0: none
    garbage: bool = False  # answers are no message of the protocol
    refuse_writes: bool = False  # reads are answered, writes refused
    ignore_writes: bool = False  # writes are acknowledged and do nothing
    sentinel: bool = False  # every measured value is the protocol's "not available"
    stuck: bool = False  # every measured value stays as it was when this began
    fahrenheit: bool = (
        False  # temperatures are told in degrees Fahrenheit, with the unit that says so where there is one
    )
    factor: float = 1.0  # measured values are so many times the truth
    serial: str = ""  # another serial number than the device's; empty: its own

    def take_reset(self) -> bool:
        """Whether to reset the connection now instead of an answer; counts an owed one down."""
        if self.reset_next > 0:
            self.reset_next -= 1
            return True
        return self.reset

    def heal(self) -> None:
        """Sound again; resets that are owed stay owed."""
        for each in fields(self):
            if each.name != "reset_next":
                setattr(self, each.name, each.default)
