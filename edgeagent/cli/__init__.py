"""The command line: one file per command, light to start, tables for people and JSON for programs."""
