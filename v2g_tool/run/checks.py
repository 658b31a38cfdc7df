"""Checks that belong to every run."""

from v2g_tool.model.check import Check

_ISO = "ISO/IEC 17025:2017"

UNSIGNED = Check(
    "HOST-UNSIGNED",
    "The report is signed",
    8,
    "The run was asked for with --unsigned.",
    "Make a key with 'v2g-tool keys init' and run again without --unsigned.",
    f"{_ISO}, 7.8.2.1",
)
CLOCK = Check(
    "HOST-CLOCK",
    "The clock of this computer is right",
    4,
    "The clock is not synchronised, so the times in the report cannot be relied on.",
    "Run 'timedatectl set-ntp true' where there is a network, or set the clock by hand and say so.",
    f"{_ISO}, 7.5.1; Field manual, The Admin Desk",
)
