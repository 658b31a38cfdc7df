"""Who answers at the telemetry port, and what went wrong while measuring, in the words of the day. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from v2g_tool.backhaul import checks
from v2g_tool.backhaul.rules.facts import MODBUS_PORT, TelemetryFacts
from v2g_tool.model.check import Check
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.telemetry import ResponderKind, TroubleKind

_ASK = "Ask the utility for host and port of its iperf3 server; enter both under [telemetry] in the site file."


@dataclass(frozen=True)
class Said:
    """What is said of an answer, and what to do about it; {target} is host and port."""

    statement: str
    remedy: str


_NO_SERVER: dict[ResponderKind, Said] = {
    "iperf3-busy": Said("The iperf3 server at {target} is running another test: no load was sent.", checks.BUSY.remedy),
    "modbus": Said(
        "A live Modbus device answers at {target}: no load was sent, because a flood of datagrams could stop it from "
        "doing its work.",
        _ASK,
    ),
    "silent": Said(
        "{target} takes connections and says nothing; it is not known what is there, so no load was sent.",
        "Look what listens at the server on this port; a firewall or proxy may answer in its place.",
    ),
    "other": Said("{target} answers, but neither as iperf3 nor as Modbus: no load was sent.", _ASK),
    "refused": Said("Nobody listens at {target}: no load was sent.", checks.REFUSED.remedy),
    "unreachable": Said("{target} can't be reached: no load was sent.", checks.UNREACHABLE.remedy),
    "unknown-host": Said("The name in {target} leads to no address: no load was sent.", checks.NAME.remedy),
}

_TROUBLES: dict[TroubleKind, tuple[Check, str]] = {
    "busy": (checks.BUSY, "The server was running another test, and still was after several attempts."),
    "refused": (checks.REFUSED, "The server refused the connection."),
    "unreachable": (checks.UNREACHABLE, "The server can't be reached."),
    "unknown-host": (checks.NAME, "The server's name leads to no address."),
    "died": (checks.SERVER_DIED, "The server ended in the middle of the measurement."),
    "silent": (checks.SERVER_SILENT, "The server answered no more; the measurement was ended by force."),
    "udp-blocked": (checks.UDP_BLOCKED, "The control connection passes, and no datagram does."),
    "rejected": (checks.IPERF3, "iperf3 refused its options."),
    "unreadable": (checks.IPERF3, "What iperf3 printed can't be read."),
}


def responder_findings(facts: TelemetryFacts) -> list[Finding]:
    """Give NET-RESPONDER, where it was asked who answers."""
    responder = facts.responder
    if responder is None:
        return []
    evidence = [
        Evidence(name="answer", value=responder.detail),
        *([Evidence(name="address", value=responder.address)] if responder.address else []),
    ]
    if responder.kind != "iperf3":
        said = _NO_SERVER[responder.kind]
        statement = said.statement.format(target=facts.target)
        return [facts.finding(checks.RESPONDER, Verdict.INCONCLUSIVE, statement, evidence, said.remedy)]
    statement = f"An iperf3 server answers at {facts.target}."
    if facts.port == MODBUS_PORT:
        statement += f" Port {MODBUS_PORT} is the one of Modbus/TCP: have the server stopped before a device takes it."
    return [facts.finding(checks.RESPONDER, Verdict.PASS, statement, evidence)]


def trouble_findings(facts: TelemetryFacts) -> list[Finding]:
    """Give what ended the measurement, and NET-INTERRUPTED."""
    found = []
    if facts.trouble is not None:
        check, statement = _TROUBLES[facts.trouble.kind]
        evidence = [Evidence(name="iperf3", value=facts.trouble.text)] if facts.trouble.text else []
        statement += _measured(facts)
        found.append(facts.finding(check, Verdict.INCONCLUSIVE, statement, evidence))
    if facts.interrupted:
        statement = f"The run was stopped before its end.{_measured(facts)}"
        found.append(facts.finding(checks.INTERRUPTED, Verdict.INCONCLUSIVE, statement))
    return found


def _measured(facts: TelemetryFacts) -> str:
    seconds = sum(piece.seconds for piece in facts.pieces)
    return f" {seconds:.0f} s were measured before." if facts.pieces else ""
