"""What the checks of the EMS computer mean: its kernel settings, its cores, its clock."""

from v2g_tool.model.check import Check

_STEP = "Field manual, step 5 (Enable Anti-Islanding Protection)"
_TUNING = "Field manual, Optimization and Hardening, Performance Tuning"
_DROP_INS = "sysctl.d(5); systemd-sysctl.service(8); sysctl(8)"
LIVE = Check(
    "SYS-LIVE",
    "The kernel works with the wanted values",
    7,
    "Nobody set the key, or something else set it to another value.",
    "Set it with: sudo v2g-tool sysctl --apply.",
    _STEP,
)
KEY_ABSENT = Check(
    "SYS-KEY-ABSENT",
    "The kernel provides the key",
    9,
    "The module that provides the key is not loaded, or this kernel was built without it.",
    "Load the module that is named, or ask the maker of the EMS for it.",
    _STEP,
)
ISLANDING = Check(
    "SYS-ISLANDING",
    "Where anti-islanding protection really is",
    10,
    "A kernel setting opens no contactor: only the inverter's own certified protection does.",
    "Check the inverter: SunSpec model 704 (AntiIslEna) and its shall-trip curves, and its certificate.",
    "IEEE 1547-2018, 8.1.1; SunSpec DER information models, 704 and 707 to 710",
)
BOOT = Check(
    "SYS-BOOT",
    "The wanted values come back after a restart",
    7,
    "No file sets the key at boot, or a file that is read later sets another value.",
    "Write them into one file with: sudo v2g-tool sysctl --apply --persist.",
    f"{_STEP}; {_DROP_INS}",
)
RELOAD = Check(
    "SYS-RELOAD",
    "A restart and 'sysctl --system' give the same",
    6,
    "'sysctl --system' reads /etc/sysctl.conf last; at boot the file names decide, and it may not be read at all.",
    "Take the key out of /etc/sysctl.conf and keep it in one file under /etc/sysctl.d.",
    _DROP_INS,
)
SHADOWED = Check(
    "SYS-SHADOWED",
    "No file contradicts another",
    5,
    "The same key is set to different values in several files; which one wins depends on who reads them.",
    "Remove the assignments that are named, so that one file sets the key.",
    _DROP_INS,
)
ACCESS = Check(
    "SYS-ACCESS",
    "Everything could be read",
    6,
    "This user may not read a file or a key.",
    "Run it again with the rights: sudo v2g-tool sysctl.",
    _STEP,
)
APPLY = Check(
    "SYS-APPLY",
    "The wanted values could be set",
    7,
    "The right to write kernel settings is missing, nobody agreed, or the kernel refused a value.",
    "Run it again with the rights: sudo v2g-tool sysctl --apply.",
    _STEP,
)
WRITER = Check(
    "SYS-WRITER",
    "A value stays as it was written",
    8,
    "Another program (tuned, a start script, a container runtime) writes the same key.",
    "Find the other writer, for example with grep -r KEY /etc, or systemctl status tuned.",
    _STEP,
)
PROFILE = Check(
    "SYS-PROFILE",
    "The profile allows to write",
    6,
    "What the key does was not checked on a device or in its own documentation.",
    "Check with the maker of the module, then write with --allow-derived; the report says so.",
    _STEP,
)
UNDO = Check(
    "SYS-UNDO",
    "The settings are as they were found",
    7,
    "A value or file could not be brought back.",
    "Compare with the evidence of the run that applied, and set them by hand.",
    _STEP,
)
RECOVERY = Check(
    "SYS-RECOVERY",
    "Nothing is left open by an earlier run",
    8,
    "An earlier run was cut off while it wrote.",
    "Run it again with the rights, and it puts the old values back: sudo v2g-tool sysctl --undo.",
    _STEP,
)
AFFINITY = Check(
    "SYS-AFFINITY",
    "The EMS daemon has cores of its own",
    4,
    "Nothing pins the daemon, so the kernel moves it from core to core.",
    "Pin it, for example: taskset -cp 1 PID; to keep it: CPUAffinity= in its systemd unit.",
    _TUNING,
)
WORKERS = Check(
    "SYS-WORKERS",
    "As many workers as physical cores",
    4,
    "worker_processes in the EMS configuration does not match the processor.",
    "Set worker_processes to the number of physical cores and restart the EMS.",
    _TUNING,
)
CLOCKSOURCE = Check(
    "SYS-CLOCKSOURCE",
    "The kernel reads time from a fast clock",
    4,
    "The kernel fell back to a slow clock, often after it found the processor's counter unstable.",
    "See why: dmesg | grep -i clocksource; a firmware update often helps.",
    "kernel documentation, timers/timekeeping",
)
GOVERNOR = Check(
    "SYS-GOVERNOR",
    "The processor keeps its speed",
    3,
    "The frequency governor saves energy and wakes the processor late.",
    "Set it with: sudo cpupower frequency-set -g performance.",
    "kernel documentation, admin-guide/pm/cpufreq",
)
NTP = Check(
    "SYS-NTP",
    "The clock follows a time server",
    6,
    "Time synchronisation is off or has no server, so certificates and logs have wrong times.",
    "Run: sudo timedatectl set-ntp true.",
    "Field manual, The Admin Desk",
)
RIDE_THROUGH = Check(
    "GC-RIDE-THROUGH",
    "The islanding timeout respects ride-through",
    9,
    "A loss of signal that trips sooner than the grid code allows lets the charger drop out in every voltage sag.",
    "Let the EMS cease and return by itself instead of tripping, or lengthen the timeout; ask the utility.",
    "IEEE 1547-2018, 6.4.2 (voltage ride-through)",
)
