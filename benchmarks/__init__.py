"""Figures beside those of our peers; ``scripts/bench`` runs them.

The harness is standard library only: each client brings its own environment.
"""
