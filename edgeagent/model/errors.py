"""The named failures. An expected failure is one of these; anything else is a bug and keeps its traceback.

EdgeAgentError
├── ConfigError             a configuration a person must mend
├── DeviceError             a device did not give what was asked
│   ├── DeviceUnreachable   nothing answers at the address (time-out, refused, no route)
│   ├── DeviceRefused       it answers, and says no (credentials, access)
│   └── DeviceGarbled       it answers, and the answer makes no sense
├── StoreError              the disk or a database did not take or give a record
│   ├── StoreFull           no space within the budget
│   └── StoreDamaged        a file is not what was written
├── LinkError               the broker or the way to it
│   └── LinkRefused         the broker answers, and says no
├── WireError               bytes from the network that are not a valid message
│   └── SignatureInvalid    a signature, key or role that does not hold
├── RecordingInvalid        a flight recording that cannot be replayed
├── ActRefused              what a person asked for is not done
└── WorkerError             a child process failed, or did not answer in time
"""


class EdgeAgentError(Exception):
    """The root of every expected failure; its text tells a person what to do."""


class ConfigError(EdgeAgentError):
    """A configuration that a person must mend."""


class DeviceError(EdgeAgentError):
    """A device did not give what was asked."""


class DeviceUnreachable(DeviceError):
    """Nothing answers at the device's address within the deadline."""


class DeviceRefused(DeviceError):
    """The device answers, and refuses: credentials, access or address are wrong."""


class DeviceGarbled(DeviceError):
    """The device answers with something that is not a valid answer."""


class StoreError(EdgeAgentError):
    """The disk or a database did not take or give a record."""


class StoreFull(StoreError):
    """There is no space left, on the disk or within the budget."""


class StoreDamaged(StoreError):
    """A database file is not what was written to it."""


class LinkError(EdgeAgentError):
    """The broker cannot be reached, or the connection to it broke."""


class LinkRefused(LinkError):
    """The broker answers, and refuses: credentials, access list or protocol."""


class WireError(EdgeAgentError):
    """Bytes from the network that are not a valid message."""


class SignatureInvalid(WireError):
    """A signature, key identifier, role or audience does not hold."""


class RecordingInvalid(EdgeAgentError):
    """A flight recording, or a line of it, that cannot be replayed."""


class ActRefused(EdgeAgentError):
    """What a person asked for is not done: it does not exist, may not be, or would change nothing."""


class WorkerError(EdgeAgentError):
    """A child process failed, or did not answer within its deadline."""
