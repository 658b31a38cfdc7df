"""The checks of the PLC link: cause, remedy and source of each."""

from v2g_tool.model.check import Check

_MANUAL = "Field manual, Logs & Debugging (v2g-plc-tool --snr-map)"
_DESK = "Field manual, The Admin Desk (signal-attenuation on the PLC line)"
_FAULT_LINES = "Field manual, Section B (Dependency Fault-Lines)"
_ISO3 = "ISO 15118-3"
MODEM = Check(
    "PLC-MODEM",
    "A PLC modem answers",
    8,
    "No power, the wrong interface, or a switch in between that keeps the local management address to itself.",
    "Connect this computer straight to the modem's Ethernet port, check its power, and name its interface.",
    "HomePlug AV management messages (VS_SW_VER)",
)
LINK = Check(
    "PLC-LINK",
    "The modem has joined a powerline network",
    7,
    "No vehicle or charger at the other end, or the two modems hold different network keys.",
    "Plug the vehicle in and start a session, then run again; without one, sound the line with --active.",
    f"{_ISO3}, SLAC matching",
)
TIER = Check(
    "PLC-TIER",
    "What this chip and firmware can show of the link",
    3,
    "GreenPHY firmware keeps its channel estimate to itself; the best rung of the ladder that answers is taken.",
    "For a map in SNR, clamp a pair of HomePlug AV probe modems on CP and PE in place of car and charger.",
    _MANUAL,
)
SNR = Check(
    "PLC-SNR",
    "Every carrier has at least the SNR limit",
    8,
    "Noise or attenuation on the control pilot leaves carriers below 10 dB: below 16-QAM, the control loop drops.",
    "Follow the cause that is named beside this; then map again and compare with 'v2g-plc-tool diff'.",
    _MANUAL,
)
ERRORS = Check(
    "PLC-ERRORS",
    "Error rates of the link",
    6,
    "Noise corrupts blocks on the line; retransmission hides it until latency grows.",
    "Look for drives and converters nearby; switch them off one at a time and compare.",
    "VS_LNK_STATS (0xA030); its bit error count is indicative",
)
ATTENUATION = Check(
    "PLC-ATTENUATION",
    "Attenuation between vehicle and charger",
    5,
    "The control pilot attenuates the signal: cable, couplers and connectors.",
    "Compare with a healthy outlet of the same type; raised attenuation points at cable, coupler or connector.",
    f"{_ISO3} SLAC, attenuation profiles; DIN/TS 70121:2024-11 Annex C (informative)",
)
SOUNDING = Check(
    "PLC-SOUNDING",
    "The line was sounded",
    5,
    "No charger answered: it has no power, it is busy with a vehicle, or no control pilot connects it.",
    "Check that the charger is on, free, and connected to this modem; then run again.",
    f"{_ISO3}, SLAC (CM_SLAC_PARM, CM_ATTEN_CHAR)",
)
CLASS = Check(
    "PLC-CLASS",
    "Attenuation and errors together",
    4,
    "Raised attenuation alone is the cable or its coupling; raised errors alone are noise; both are both.",
    "Look at cable and coupling when the attenuation is raised, for sources of noise when the errors are.",
    f"{_MANUAL}; limits from public captures of working links",
)
CAPTURE = Check(
    "PLC-CAPTURE",
    "The recorded frames are whole",
    5,
    "The capture is damaged, or frames were lost while it was recorded.",
    "Record again on a direct connection, and copy the file whole.",
    "pcapng; Linux AF_PACKET statistics",
)
LONG_CABLE = Check(
    "PLC-LONG-CABLE",
    "The cable is too long",
    7,
    "Attenuation grows with the square root of frequency, as it does along a cable.",
    "Shorten the cable, or place the charger's modem nearer to the outlet.",
    _DESK,
)
MISMATCH = Check(
    "PLC-MISMATCH",
    "Reflections from a stub or a bad connector",
    7,
    "A stub, a wet or loose connector, or a wrong termination reflects the signal: ripple over frequency.",
    "Inspect connectors at the distance that is named; remove stubs, dry and tighten contacts.",
    _DESK,
)
COUPLING = Check(
    "PLC-COUPLING",
    "The signal is weak at every frequency",
    7,
    "The coupling transformer is open, or a series resistance sits in the control pilot.",
    "Check coupler, its capacitor and the crimps of CP and PE; compare with a healthy outlet.",
    f"{_ISO3}, coupling on CP and PE",
)
NARROWBAND = Check(
    "PLC-NARROWBAND",
    "A transmitter disturbs a narrow band",
    6,
    "A broadcaster, an amateur or another transmitter is received by the cable like by an antenna.",
    "Improve shielding and its PE bond, fit ferrite beads on the vehicle inlet side, and measure at another hour.",
    _DESK,
)
BROADBAND_LOW = Check(
    "PLC-BROADBAND-LOW",
    "Broad noise at low frequencies",
    8,
    "A variable frequency drive or switched converter nearby, poorly shielded.",
    "Fit ferrite cores on the high-voltage DC lines, shield and separate the cables; compare with the drive off.",
    _FAULT_LINES,
)
MAINS_SYNCHRONOUS = Check(
    "PLC-MAINS-SYNCHRONOUS",
    "Noise in step with the mains",
    7,
    "Rectifiers, dimmers or switched supplies make impulses twice per mains cycle.",
    "Switch supplies and chargers nearby off one at a time; filter the one that makes the difference.",
    _FAULT_LINES,
)
CROSSTALK = Check(
    "PLC-CROSSTALK",
    "The neighbour outlet hears this vehicle too",
    8,
    "Control pilot cables of two outlets run together: a vehicle may be matched with the wrong outlet.",
    "Separate and shield the control pilot cables of the outlets; use SLAC validation until that is done.",
    f"{_ISO3}, SLAC matching decision",
)
SATURATION = Check(
    "PLC-SATURATION",
    "The receiver is at its upper limit",
    5,
    "The signal is too strong, or the receiver's gain too high: groups at 0 dB cannot be told apart.",
    "Check the modem's transmit and receive calibration (AttnTx, AttnRx) and the length of the test cable.",
    f"{_ISO3}, receive path calibration",
)
NOISE = Check(
    "PLC-NOISE",
    "Errors without more attenuation",
    7,
    "Noise, not the cable: the attenuation is as it should be and yet blocks are wrong.",
    "Fit ferrites, check shields and PE, switch drives off one at a time and compare.",
    _FAULT_LINES,
)
NOTCHES = Check(
    "PLC-NOTCHES",
    "Carriers that the modem itself masks",
    2,
    "The modem's own carrier mask is wider than the one in the site file.",
    "Nothing has to be done; note which mask the modem uses.",
    "Carrier mask of the modem (prescalers)",
)
INTERRUPTED = Check(
    "PLC-INTERRUPTED",
    "The map came to its end",
    4,
    "The run was stopped before it was complete.",
    "Run the same command again.",
    _MANUAL,
)
