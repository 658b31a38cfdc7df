"""The bench's telemetry backhaul: a network of its own for the utility, with a real iperf3 server behind a firewall."""
