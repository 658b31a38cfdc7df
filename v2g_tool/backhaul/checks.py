"""The checks of the telemetry backhaul: cause, remedy and source of each."""

from v2g_tool.model.check import Check

_STEP = "Field manual, step 6 (Validate Telemetry Throughput)"
_IPERF = "iperf3(1)"
LOSS = Check(
    "NET-LOSS",
    "Loss of datagrams is below the limit",
    7,
    "A congested or faulty link, a duplex mismatch, a slow gateway, radio, or a receiver that can't keep up.",
    "Look for errors and drops at each port on the way, and for other traffic; then run again.",
    _STEP,
)
COUNTS = Check(
    "NET-COUNTS",
    "Independent counts of the datagrams agree",
    8,
    "One of the programs counts wrongly, datagrams arrive twice, or another program disturbed the measurement.",
    "Update iperf3 at both ends, stop other tests to this server, then run again.",
    f"{_STEP}; esnet/iperf 1489, 914, 584",
)
VERSIONS = Check(
    "NET-VERSIONS",
    "The pair of iperf3 programs counts losses rightly",
    7,
    "A client from 3.13 on shows no loss against a server up to 3.12, whatever was lost.",
    "Use the same version of iperf3 at both ends: 3.13 or newer at both, or 3.12 at both.",
    "esnet/iperf 2055",
)
RATE = Check(
    "NET-RATE",
    "The load was sent at the rate asked for",
    6,
    "This computer, its interface or its link is too slow, or other traffic fills it.",
    "Stop other programs, use a wired port of 100 Mbit/s or more, or lower rate_mbit_s in the site file.",
    f"{_STEP}; Technical specifications (100 Mbps NIC)",
)
JITTER = Check(
    "NET-JITTER",
    "Variation of the transit time",
    3,
    "Queues on the way grow and shrink with other traffic.",
    "Give telemetry a priority class on the gateway, then compare.",
    "RFC 3550, 6.4.1 and A.8",
)
REORDER = Check(
    "NET-REORDER",
    "Datagrams that came late or twice",
    3,
    "Several parallel paths, radio with retransmission, or a loop in the network.",
    "Have the network operator look for parallel links with differing delay, and for loops.",
    "RFC 4737; RFC 5560",
)
BURST = Check(
    "NET-BURST",
    "How long losses last",
    3,
    "A route or a radio cell changed, a queue overflowed, or a cable has a loose contact.",
    "Compare the times in the picture with events on the gateway: handovers, reconnects, backups.",
    "RFC 3357",
)
LATENCY = Check(
    "NET-LATENCY",
    "Round trips under load stay below the limit",
    7,
    "A long or congested path, a slow gateway, or an echo service that is blocked on the way.",
    "If it is fast without load, ask for a priority class on the gateway. If no echo passes, set another 'echo'.",
    "Field manual, Section A (100 ms for frequency regulation); RFC 792; RFC 862",
)
FRAGMENT = Check(
    "NET-FRAGMENT",
    "Datagrams travel in one piece",
    7,
    "The datagram is larger than the path carries: a tunnel, PPPoE, or a mobile network.",
    "Lower datagram_bytes in the site file below the path's packet size less 28 (IPv4) or 48 (IPv6), run again.",
    "RFC 8085, 3.2; RFC 8899",
)
RESPONDER = Check(
    "NET-RESPONDER",
    "An iperf3 server answers at the telemetry port",
    8,
    "Port 502, the manual's choice, is the port of Modbus/TCP: a device may be there, or nothing, or a firewall.",
    "Ask the utility for host and port of its iperf3 server, and enter both under [telemetry] in the site file.",
    f"{_STEP}; Technical specifications (Telemetry Hook, 502)",
)
BUSY = Check(
    "NET-BUSY",
    "The server is free",
    4,
    "An iperf3 server runs one test at a time, and another one is running.",
    "Wait until the other test has ended, then run again.",
    _IPERF,
)
REFUSED = Check(
    "NET-REFUSED",
    "The server's port is open",
    6,
    "No iperf3 server is running there, or a firewall refuses the connection.",
    "Have 'iperf3 -s -p PORT' started at the server, and TCP and UDP of this port opened.",
    f"{_STEP}; RFC 9293, 3.5.3",
)
UNREACHABLE = Check(
    "NET-UNREACHABLE",
    "There is a way to the server",
    6,
    "No route, no link, a wrong gateway, or a firewall that drops without a word.",
    "Check cable and gateway with 'ip route get HOST'; have this computer's address let through at the utility.",
    f"{_STEP}; Optimization & Hardening (authorized utility IP ranges)",
)
NAME = Check(
    "NET-NAME",
    "The server's name is known",
    5,
    "The name is misspelled, or this network has no name server that knows it.",
    "Check the spelling of 'host' in the site file, or enter the IP address; see 'resolvectl query HOST'.",
    f"{_STEP}; RFC 1035",
)
SERVER_DIED = Check(
    "NET-SERVER-DIED",
    "The server stayed until the end",
    6,
    "The server was stopped or restarted, or the connection that controls the test was cut.",
    "Have the server's log read, then run again.",
    _IPERF,
)
SERVER_SILENT = Check(
    "NET-SERVER-SILENT",
    "The server kept answering",
    6,
    "The server hangs, or the path broke in the middle without a word.",
    "Check that the server is alive and the link is up, then run again.",
    _IPERF,
)
UDP_BLOCKED = Check(
    "NET-UDP-BLOCKED",
    "Datagrams pass as the control connection does",
    7,
    "A firewall passes TCP of this port and drops UDP: iperf3 needs both.",
    "Have UDP of the same port opened, from this computer's address to the server.",
    f"{_STEP}; Optimization & Hardening (iptables)",
)
IPERF3 = Check(
    "NET-IPERF3",
    "iperf3 runs and can be read",
    5,
    "The installed iperf3 is too old or too new for an option, or something else bears its name.",
    "Install iperf3 from the distribution ('apt install iperf3'), see 'iperf3 --version', then run again.",
    _IPERF,
)
INTERRUPTED = Check(
    "NET-INTERRUPTED",
    "The run came to its end",
    5,
    "A person or the system stopped the run before it could decide.",
    "Run the same command again and let it finish.",
    _STEP,
)
