"""`python -m v2g_tool` is `v2g-tool`."""

from v2g_tool.app import v2g_tool

if __name__ == "__main__":
    v2g_tool()
