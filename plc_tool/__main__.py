"""`python -m plc_tool` is `v2g-plc-tool`."""

from plc_tool.cli import v2g_plc_tool

if __name__ == "__main__":
    v2g_plc_tool()
