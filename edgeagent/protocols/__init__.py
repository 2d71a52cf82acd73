"""How to talk to devices: sessions, and profiles that say what the talk means."""
