"""edgeagent: the daemon that lets a prefabricated edge data-centre pod look after itself."""

__version__ = "0.1.0"
