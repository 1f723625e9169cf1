"""What an installation tells those who ask: status, indicators and what is behind them, alerts, dead letters.

Each module gathers one report as plain data (`--json`); `status_table` and `tables` show it to people.
"""
