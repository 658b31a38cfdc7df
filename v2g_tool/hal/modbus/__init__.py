"""Modbus TCP and RTU: checked exchange, planning, meters, SunSpec."""
