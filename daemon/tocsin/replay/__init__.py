"""Replays: the pipeline over history, in memory and with a simulated clock, for backtests and rule tests."""
