"""Lets the program be run as `python -m plc_tool`."""

from v2g_tool.main import v2g_plc_tool

if __name__ == "__main__":
    v2g_plc_tool()
