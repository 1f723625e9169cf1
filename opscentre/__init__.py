"""What people run: the command line, reports, publishing from files, the simulation, local servers, the benchmark.

It stands on everything else, and nothing stands on it. Its door: the command `opscentre` (`cli.main`).
"""
