"""Faults put into the daemon as a process, and what must hold all the same.

A world (`servers`, `world`) publishes a fixed script of news and prices (`script`); the daemon (`life`) is killed,
stopped, starved or given another time while it works on it (`play`, `faults`), on a file or on a server (`databases`) that
is struck itself, behind a network that tears (`wire`, `server_faults`). What both sides wrote down (`evidence`) is then
judged (`invariants`). `python -m chaos` is the long form, and prints a table (`results`).
"""
