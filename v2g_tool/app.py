"""The command line of v2g-tool: wiring only. Whatever is heavy is imported inside the command that needs it.

Here and in `plc_tool` annotations stay objects: typer would have to evaluate their text at every start.
"""

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from plc_tool.commands import snr_map
from v2g_tool.cli.entry import run_app
from v2g_tool.cli.group import program, version_option
from v2g_tool.cli.options import Json, Out, PassphraseFd, Quiet, SiteFile, Unsigned, mbit_of, no_value

Version = Annotated[bool, version_option("v2g-tool")]
Target = Annotated[str, typer.Option(help="Name of the meter in the site file.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree to what is written without being asked.")]
DataFile = Annotated[str, typer.Argument(help="FOLDER/ID as 'profiles list' shows it, or the path of a file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing; judge what is there.")]
Tree = Annotated[Path | None, typer.Option("--root", help="Take this file tree instead: a mounted image.")]
AllowDerived = Annotated[
    bool, typer.Option("--allow-derived", help="Write through a profile that was not verified on the device.")
]


class Adjust(StrEnum):
    """When a calibration corrects the meter."""

    NEEDED = "needed"
    ALWAYS = "always"
    NEVER = "never"


class Echo(StrEnum):
    """How round trips are measured."""

    ICMP = "icmp"
    UDP = "udp-echo"
    TCP = "tcp-echo"
    MODBUS = "modbus"


app = program("Commission vehicle-to-grid charging sites: calibrate, judge, sign.")
keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The key that signs reports.")
report = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Verify and show signed reports.")
bench = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The virtual bench: a site to train and test on.")
profiles = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List, show and check site and profile files.")
certs = typer.Typer(rich_markup_mode=None, help="Judge the certificates, keys and revocation lists of the site.")
app.add_typer(certs, name="certs")
app.add_typer(profiles, name="profiles")
app.add_typer(keys, name="keys")
app.add_typer(report, name="report")
app.add_typer(bench, name="bench")


@app.callback()
def root(_version_asked: Version = False) -> None:
    """Commission vehicle-to-grid charging sites: calibrate, judge, sign."""


@app.command(short_help="Calibrate a meter against the reference; sign the report.")
def calibrate(
    target: Target,
    site: SiteFile = None,
    out: Out = Path("reports"),
    json: Json = False,
    quiet: Quiet = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    unsigned: Unsigned = False,
    adjust: Annotated[
        Adjust, typer.Option(help="Correct when the error is beyond 0.7 of the limit, always, or never.")
    ] = Adjust.NEEDED,
    allow_derived: AllowDerived = False,
    accept_past_due: Annotated[
        bool, typer.Option("--accept-past-due", help="Measure although the reference's calibration is past due.")
    ] = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Measure how wrong a meter is against the reference, correct it if that is allowed, and sign the report."""
    from v2g_tool.metering.procedure import Calibrate
    from v2g_tool.metering.work.outcome import Options
    from v2g_tool.run.commission import commission
    from v2g_tool.run.request import Request, passphrase_from

    request = Request(site, out, json, quiet, yes, unsigned, passphrase_from(passphrase_fd))
    options = Options(dry_run, allow_derived, accept_past_due, adjust.value)
    raise typer.Exit(commission(request, Calibrate(target, options)))


app.command("snr-map", short_help="Map the PLC link; name what disturbs it.")(snr_map)


@app.command(short_help="Judge the EMS computer's kernel settings; set or undo them.")
def sysctl(
    site: SiteFile = None,
    apply: Annotated[bool, typer.Option("--apply", help="Set what differs, now.")] = False,
    persist: Annotated[bool, typer.Option("--persist", help="Write one file, so that it survives a restart.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Bring back what was found before the first change.")] = False,
    _write: Annotated[str, typer.Option("--write", "-w", callback=no_value, hidden=True)] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    allow_derived: AllowDerived = False,
    profile: Annotated[str, typer.Option(help="Kernel profile; else that of the site.")] = "",
    root: Tree = None,
    out: Out = Path("reports"),
    json: Json = False,
    quiet: Quiet = False,
    unsigned: Unsigned = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Judge the kernel settings of the EMS computer, now, after a restart and after 'sysctl --system'."""
    from v2g_tool.host.procedure import Sysctl
    from v2g_tool.host.work.sysctl import Options
    from v2g_tool.run.commission import commission
    from v2g_tool.run.request import Request, passphrase_from

    request = Request(site, out, json, quiet, yes, unsigned, passphrase_from(passphrase_fd))
    options = Options(apply, persist, undo, dry_run, allow_derived)
    raise typer.Exit(commission(request, Sysctl(options, root, profile)))


@certs.callback(invoke_without_command=True)
def certs_judge(
    context: typer.Context,
    site: SiteFile = None,
    at: Annotated[datetime | None, typer.Option(help="Judge for this moment, UTC; else for now.")] = None,
    root: Tree = None,
    out: Out = Path("reports"),
    json: Json = False,
    quiet: Quiet = False,
    unsigned: Unsigned = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Judge all certificates, keys, chains, revocation lists and trust stores; say which link fails and why."""
    from v2g_tool.pki.procedure import Certs
    from v2g_tool.run.commission import commission
    from v2g_tool.run.request import Request, passphrase_from

    if context.invoked_subcommand is None:
        request = Request(site, out, json, quiet, False, unsigned, passphrase_from(passphrase_fd))
        raise typer.Exit(commission(request, Certs(at, root)))


@certs.command("install", short_help="Install the utility's root into the system's store.")
def certs_install(
    file: Annotated[Path, typer.Argument(metavar="ROOT.crt", help="The utility's root certificate, PEM or DER.")],
    fingerprint: Annotated[
        str, typer.Option(help="Its SHA-256 as the utility gave it over another channel; else a person is asked.")
    ] = "",
    dry_run: DryRun = False,
    site: SiteFile = None,
    root: Tree = None,
    out: Out = Path("reports"),
    json: Json = False,
    quiet: Quiet = False,
    unsigned: Unsigned = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Install the utility's root into the system's trust store, prove that programs find it; undo it if they do not."""
    from v2g_tool.pki.procedure import InstallRoot
    from v2g_tool.run.commission import commission
    from v2g_tool.run.request import Request, passphrase_from

    request = Request(site, out, json, quiet, False, unsigned, passphrase_from(passphrase_fd))
    raise typer.Exit(commission(request, InstallRoot(file, fingerprint, root, dry_run)))


@certs.command("fix-modes", short_help="Close keys and passphrases to others, one by one.")
def certs_fix_modes(
    yes: Yes = False,
    dry_run: DryRun = False,
    site: SiteFile = None,
    root: Tree = None,
    out: Out = Path("reports"),
    json: Json = False,
    quiet: Quiet = False,
    unsigned: Unsigned = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Close private keys, passphrases and their folders to others; each is asked for."""
    from v2g_tool.pki.procedure import FixModes
    from v2g_tool.run.commission import commission
    from v2g_tool.run.request import Request, passphrase_from

    request = Request(site, out, json, quiet, yes, unsigned, passphrase_from(passphrase_fd))
    raise typer.Exit(commission(request, FixModes(root, dry_run)))


@app.command(short_help="Measure loss and latency to the utility's telemetry server.")
def throughput(
    site: SiteFile = None,
    server: Annotated[
        str | None, typer.Option("--server", "-c", help="Name or address of the iperf3 server; else of the site.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", "-p", min=1, max=65535, help="Its port; else that of the site, or 5201.")
    ] = None,
    _udp: Annotated[bool, typer.Option("--udp", "-u", help="Changes nothing: datagrams are always sent.")] = False,
    rate_mbit: Annotated[float | None, typer.Option(min=0.01, max=10_000, help="Payload rate, Mbit/s.")] = None,
    bitrate: Annotated[
        float | None, typer.Option("--bitrate", "-b", parser=mbit_of, metavar="RATE", help="The same as 10M, 500K, 1G.")
    ] = None,
    datagram_bytes: Annotated[int | None, typer.Option(min=64, max=65_507, help="Payload of a datagram.")] = None,
    echo: Annotated[Echo | None, typer.Option(help="How round trips are measured.")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=86_400, help="Measure at least so long.")] = 30.0,
    max_time: Annotated[float, typer.Option(min=1, max=86_400, help="Measure at most so many seconds.")] = 300.0,
    out: Out = Path("reports"),
    json: Json = False,
    quiet: Quiet = False,
    unsigned: Unsigned = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Send datagrams at the site's rate to an iperf3 server until the loss is decided; measure round trips beside."""
    from v2g_tool.backhaul.procedure import Asked, Throughput
    from v2g_tool.backhaul.work.throughput import Plan
    from v2g_tool.run.commission import commission
    from v2g_tool.run.request import Request, passphrase_from

    request = Request(site, out, json, quiet, False, unsigned, passphrase_from(passphrase_fd))
    if bitrate and rate_mbit:
        raise typer.BadParameter("give the rate once: --bitrate 10M, or --rate-mbit 10")
    asked = Asked(server, port, bitrate or rate_mbit, datagram_bytes, echo.value if echo else None)
    plan = Plan(min(seconds, max_time), max_time)
    raise typer.Exit(commission(request, Throughput(asked, plan)))


@app.command(short_help="Read a meter once; write nothing.")
def read(target: Target, site: SiteFile = None, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Read a meter once: identity, values and corrections. Writes nothing, signs nothing."""
    from v2g_tool.metering.reading import read_meter

    read_meter(target, site, as_json=json)


@app.command(short_help="Explain a finding: cause, remedy, reference.")
def explain(
    check: Annotated[
        str, typer.Argument(help="The id of a finding, for example CAL-WIRING-CT-REVERSED; else all are listed.")
    ] = "",
    listed: Annotated[bool, typer.Option("--list", help="List all findings.")] = False,
) -> None:
    """Say what a finding means, why it happens and what to do; works offline."""
    from v2g_tool.screens import explain as screen

    screen.show_checks() if listed or not check else screen.explain(check)


@profiles.command("list")
def profiles_list() -> None:
    """List the data files, each with its status and the document behind it."""
    from v2g_tool.screens.profiles import list_files

    list_files()


@profiles.command("show")
def profiles_show(file: DataFile) -> None:
    """Print a data file as it is: profiles show sites/example > site.toml."""
    from v2g_tool.screens.profiles import show_file

    show_file(file)


@profiles.command("check")
def profiles_check(file: DataFile) -> None:
    """Say all that is wrong with a site or profile file, with line and key."""
    from v2g_tool.screens.profiles import check_file

    raise typer.Exit(check_file(file))


@keys.command("init")
def keys_init(
    name: Annotated[str, typer.Option(help="Who signs: the name in the certificate.")],
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Make a signing key (P-256, encrypted) with a certificate, and print its fingerprint."""
    from v2g_tool.run.request import passphrase_from
    from v2g_tool.screens.keys import make_key

    make_key(name, passphrase_from(passphrase_fd), ask_twice=passphrase_fd is None)


@report.command("verify")
def report_verify(
    path: Annotated[Path, typer.Argument(help="Folder of a report.")],
    trust: Annotated[
        list[str] | None, typer.Option(help="Whom to believe: a fingerprint, or a PEM certificate. May be repeated.")
    ] = None,
    site: SiteFile = None,
) -> None:
    """Check signature, chain, evidence and attachments, and say who signed."""
    from v2g_tool.screens.report import check_bundle

    raise typer.Exit(check_bundle(path, trust or [], site))


@report.command("show")
def report_show(path: Annotated[Path, typer.Argument(help="Folder of a report.")]) -> None:
    """Show a report; says nothing about whether it is authentic."""
    from v2g_tool.screens.report import show_bundle

    raise typer.Exit(show_bundle(path))


@report.command("schema")
def report_schema() -> None:
    """Print the JSON Schema of report.json."""
    import json

    from v2g_tool.register import all_sections
    from v2g_tool.report.schema import report_schema as schema

    sys.stdout.write(json.dumps(schema(all_sections()), indent=2, sort_keys=True) + "\n")


@bench.command("run", context_settings={"allow_interspersed_args": False})
def bench_run(
    command: Annotated[list[str], typer.Argument(help="What to run on the bench, behind --.")],
    fault: Annotated[
        list[str] | None, typer.Option(help="A fault by name, see 'bench faults'. May be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Which plant: the same seed gives the same true values.")] = 1,
) -> None:
    """Start the virtual bench, run COMMAND on it, give COMMAND's exit status."""
    from v2g_tool.bench.run import run_bench

    raise typer.Exit(run_bench(command, faults=fault or [], seed=seed))


@bench.command("faults")
def bench_faults() -> None:
    """List the faults that the bench can play."""
    from v2g_tool.screens.explain import show_faults

    show_faults()


def v2g_tool() -> NoReturn:
    """Run `v2g-tool`."""
    run_app(app)
