"""A merged TOML tree whose nodes know their file and line; knows no other room."""
