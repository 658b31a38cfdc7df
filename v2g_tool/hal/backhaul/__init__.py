"""The way to the utility's telemetry server: iperf3 as a killable child, round trips, path size, kernel counters."""
