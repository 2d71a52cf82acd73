"""What every room stands on: ports, state, bus, clock, backoff, health, metrics, worker, database."""
