"""The composition root: wiring, supervision, systemd, logs."""
