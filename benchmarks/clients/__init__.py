"""The Python clients that the ``snmp`` benchmark compares: each runs as its own process, in its own environment."""
