"""The central end: takes every pod's journal from the broker, keeps it, acknowledges it, and answers questions."""
