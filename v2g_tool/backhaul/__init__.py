"""The telemetry backhaul: loss, latency, path."""
