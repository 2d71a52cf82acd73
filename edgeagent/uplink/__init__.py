"""The way to the NOC: one connection, presence, and the journal sent until the NOC has said that it holds it."""
