"""What each check of a calibration means."""

from collections.abc import Mapping

from v2g_tool.metering.rules.fault import Kind
from v2g_tool.model.check import Check

_STEP = "Field manual, step 4 (Calibrate Physical Metering Sensors)"
_ISO = "ISO/IEC 17025:2017"

IDENTITY = Check(
    "CAL-IDENTITY",
    "The instrument is the one the site file names",
    8,
    "Another instrument answers at this address, or one was replaced and the site file was not.",
    "Compare the serial number on the name plate with the site file; correct the address or the serial number.",
    f"{_ISO}, 7.5.1; {_STEP}",
)
LEGAL = Check(
    "CAL-LEGAL",
    "The meter may be adjusted",
    9,
    "The meter is sealed for billing, or nobody has stated its legal status.",
    "Do not adjust. State legal = 'free' in the site file only if the meter carries no seal and bills nobody.",
    "2014/32/EU, Annex I, 8 (protection against corruption)",
)
REFERENCE_DUE = Check(
    "CAL-REFERENCE-DUE",
    "The reference is within its calibration interval",
    8,
    "The calibration of the reference analyzer is past its due date.",
    "Use a reference in date, or have this one calibrated and enter the new certificate and date.",
    f"{_ISO}, 6.4.7 and 6.4.8",
)
TUR = Check(
    "CAL-TUR",
    "The reference is good enough for the limit",
    7,
    "The measurement is less certain than the limit is wide: range too large, load too low, or a weak reference.",
    "Choose smaller ranges, a higher load, or a better reference. A multimeter with a clamp is not enough.",
    "ILAC-G8:09/2019; ANSI/NCSL Z540.3, 5.3",
)
LOAD = Check(
    "CAL-LOAD",
    "The load point was reached",
    5,
    "The vehicle is full, limits its current, or the inverter does not follow its set point.",
    "Connect a vehicle that takes the load (charge level 20 to 80 %), check the inverter, then run again.",
    "Field manual, The Admin Desk (set-point and verify)",
)
WIRING = Check(
    "CAL-WIRING",
    "The meter's wiring agrees with the reference",
    8,
    "Current transformers, voltage taps and settings were compared with the reference on every phase.",
    "Correct the wiring fault that is named, then run again.",
    _STEP,
)
WIRING_CT_REVERSED = Check(
    "CAL-WIRING-CT-REVERSED",
    "A current transformer is reversed",
    9,
    "One current transformer is mounted the wrong way round, or its wires S1 and S2 are exchanged.",
    "Switch off and lock out. Turn the transformer round, or exchange S1 and S2; never open a live secondary.",
    "IEC 61869-2, terminal marking P1, P2, S1, S2",
)
WIRING_SWAPPED = Check(
    "CAL-WIRING-SWAPPED",
    "Two phases are exchanged",
    9,
    "The current of one phase is measured with the voltage of another.",
    "Switch off and lock out. Exchange the two current transformers, or their wires at the meter.",
    _STEP,
)
WIRING_CYCLIC = Check(
    "CAL-WIRING-CYCLIC",
    "All phases are one place on",
    9,
    "The three current transformers, or the three voltage taps, are shifted by one phase.",
    "Switch off and lock out. Move the three current wires, or the three voltage wires, back by one place.",
    _STEP,
)
WIRING_CT_RATIO = Check(
    "CAL-WIRING-CT-RATIO",
    "The current transformer ratio is set wrongly",
    9,
    "The ratio in the meter differs from the transformer that is mounted.",
    "Read the ratio on the transformer's plate and set it in the meter and in the site file.",
    "IEC 61869-2, rated transformation ratio",
)
WIRING_UNIT = Check(
    "CAL-WIRING-UNIT",
    "Powers are in another unit",
    7,
    "The meter publishes kW where the profile reads W, or the other way round.",
    "Use the profile of this exact model and firmware, or correct its scale.",
    "Register map of the meter",
)
WIRING_LINE_TO_LINE = Check(
    "CAL-WIRING-LINE-TO-LINE",
    "Conductor-to-conductor voltage is measured",
    9,
    "The neutral is missing or wired to a phase, or the meter's wiring system is set to three wires.",
    "Switch off and check the neutral at the meter; set the wiring system to three-phase four-wire.",
    _STEP,
)
WIRING_WORD_ORDER = Check(
    "CAL-WIRING-WORD-ORDER",
    "Words are read in the wrong order",
    7,
    "The profile, or a setting in the meter, has the two halves of each number the wrong way round.",
    "Set the other word_order in the profile, or the other order in the meter.",
    "Register map of the meter",
)
WIRING_STALE = Check(
    "CAL-WIRING-STALE",
    "The meter's values stand still",
    8,
    "A gateway answers from its memory, the measuring part has stopped, or another meter answers.",
    "Restart the meter service or gateway; read the meter directly, then run again.",
    "Field manual, step 6 (stale data)",
)
WIRING_SIGN = Check(
    "CAL-WIRING-SIGN",
    "Import and export are exchanged on all phases",
    9,
    "All transformers face the other way, or meter and profile count energy in opposite directions.",
    "Charge at a known power and look: if the meter shows export, correct power_sign or turn the transformers.",
    _STEP,
)
WIRING_UNEXPLAINED = Check(
    "CAL-WIRING-UNEXPLAINED",
    "A phase is far off and no known fault fits",
    8,
    "A broken or saturated transformer, a loose voltage tap, an open fuse, or several faults at once.",
    "Measure voltage and current of this phase at the meter's terminals and compare with the reference.",
    _STEP,
)
ACCURACY_AS_FOUND = Check(
    "CAL-ACCURACY-AS-FOUND",
    "Error of the meter as found",
    8,
    "Tolerances of the sensors, ageing, or corrections lost since the last calibration.",
    "Outside: adjust the meter if allowed, else replace it; past bills are in doubt. "
    "Undecided: smaller range, higher load or better reference.",
    f"{_ISO}, 7.8.4.1; limits as named in the finding",
)
ACCURACY_AS_LEFT = Check(
    "CAL-ACCURACY-AS-LEFT",
    "Error of the meter as left",
    9,
    "The corrections did not bring the meter within its limits, or could not be proved to.",
    "Do not release the charger. Look for the fault that trims cannot remove, or replace the meter.",
    f"{_ISO}, 7.8.4.1; limits as named in the finding",
)
FIT = Check(
    "CAL-FIT",
    "Gain, phase and offset explain the errors",
    6,
    "The errors differ between the load points as no trim could make them: saturation, harmonics, a wrong ratio.",
    "Check transformer type and burden and the quality of the voltage; do not adjust.",
    "JCGM 100:2008, H.3 (calibration by a fitted line)",
)
ADJUST = Check(
    "CAL-ADJUST",
    "Corrections were written and read back",
    8,
    "The meter refused a value, took another one, or measures worse with it.",
    "Read the meter's lock state, unlock it as its manual says, then run again.",
    f"{_ISO}, 6.4.9; {_STEP}",
)
STORE = Check(
    "CAL-STORE",
    "Corrections survive a restart",
    8,
    "The meter did not copy the corrections to its permanent memory.",
    "Run again; if it fails again, the meter's memory is worn out or write-protected: replace it.",
    "Register map of the meter, commit command",
)
RESTORED = Check(
    "CAL-RESTORED",
    "The meter was put back as found",
    7,
    "The run was interrupted or its result was worse, so the old corrections were written back.",
    "Clear the cause that is named, then run again.",
    f"{_ISO}, 7.5.1",
)
RECOVERY = Check(
    "CAL-RECOVERY",
    "An earlier run left a write open",
    9,
    "Power, link or program failed between a write and its proof.",
    "Let this run put the meter in order; if it cannot, write back the values as found that the report lists.",
    f"{_ISO}, 7.10",
)
PROFILE = Check(
    "CAL-PROFILE",
    "The profile may be relied on",
    6,
    "The profile, or a number in it, was not confirmed on this model.",
    "Compare the profile with the maker's document; to write all the same, give --allow-derived.",
    f"{_ISO}, 7.2.1",
)
CONSENT = Check(
    "CAL-CONSENT",
    "The change was agreed to",
    3,
    "Nobody at the terminal agreed to the change, or the run was only to show it.",
    "Run again and answer yes, or give --yes.",
    _STEP,
)
INSTRUMENT = Check(
    "CAL-INSTRUMENT",
    "The instruments answer",
    7,
    "No link, wrong address, another program holds the instrument, or it refused the request.",
    "Check cable, address and unit number; close other programs; try 'v2g-tool read' on this instrument.",
    _STEP,
)
INVERTER = Check(
    "CAL-INVERTER",
    "The inverter does again what it did before",
    9,
    "It did not answer, refused, or another program commands it.",
    "Check what the inverter does now; its own reversion timer ends the test load. Then run again.",
    f"{_STEP}; field manual, admin desk (Set-Point and Verify)",
)
INTERRUPTED = Check(
    "CAL-INTERRUPTED",
    "The run came to its end",
    6,
    "A person or the system stopped the run before all load points were measured.",
    "Run the same command again; devices were put back, and what is still open is finished first.",
    f"{_ISO}, 7.5.2",
)

WIRING_FAULTS: Mapping[Kind, Check] = {
    Kind.CT_REVERSED: WIRING_CT_REVERSED,
    Kind.SWAPPED: WIRING_SWAPPED,
    Kind.CYCLIC: WIRING_CYCLIC,
    Kind.CT_RATIO: WIRING_CT_RATIO,
    Kind.UNIT: WIRING_UNIT,
    Kind.LINE_TO_LINE: WIRING_LINE_TO_LINE,
    Kind.WORD_ORDER: WIRING_WORD_ORDER,
    Kind.STALE: WIRING_STALE,
    Kind.SIGN: WIRING_SIGN,
    Kind.UNEXPLAINED: WIRING_UNEXPLAINED,
}
"""The check that each kind of wiring fault fails."""
