"""The same pipeline over history, with a simulated clock: what backtests and rule tests run on."""
