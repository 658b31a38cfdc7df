"""Pictures and tables of the telemetry backhaul."""
