"""The command line: parses, calls one job, renders, and turns errors into the public exit codes.

Commands live in sibling modules and are loaded when called, so that ``runout --help`` and every small command start
quickly.
"""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, UnusedCliTokensError

from runout.cli import screen
from runout.cli.configuration import check_environment, follow_clock
from runout.cli.guide import epilogue
from runout.errors import ExitCode, NotEnoughDataError, RunoutError


def _version_text() -> str:
    from runout.cli.configuration import lock_version  # noqa: PLC0415 - only for --version
    from runout.version import CODE_VERSION, METHOD_VERSION, SCHEMA_VERSION  # noqa: PLC0415

    return f"runout {CODE_VERSION} (methods {METHOD_VERSION}, schema {SCHEMA_VERSION}, lock {lock_version()})"


app = App(
    name="runout",
    help="Avalanche forecasting for crypto leverage: observes leveraged positions, says what would set a slide off, "
    "how far it would run, and keeps score.",
    version=_version_text,
    version_flags=["--version", "-v", "-V"],
    help_epilogue="Begin with `runout demo`, or `runout bulletin BTC`. `runout help COMMAND` shows its options and "
    "examples.",
    help_format="plaintext",
    exit_on_error=False,
    print_error=False,
    help_on_error=False,
)

_COMMANDS = {
    "archive": ("runout.cli.archiving:archive", "Give away what a lake has recorded as files, or take such files in."),
    "backfill": ("runout.cli.backfilling:backfill", "Fill a lake with what venues give away without a key."),
    "bulletin": ("runout.cli.bulletin:bulletin", "Write the bulletin of a coin as of a moment."),
    "collect": ("runout.cli.collecting:collect", "Record the feeds of venues, and fill a lake with them."),
    "compute": ("runout.cli.computing:compute", "Bring a lake's derived state up to date."),
    "demo": ("runout.cli.demo:demo", "Do all of it offline, on a synthetic market."),
    "emulate": ("runout.cli.emulating:emulate", "Serve a synthetic market on the wire of every venue, offline."),
    "fetch": ("runout.cli.fetching:fetch", "Fetch a provider's figures over its API into a lake."),
    "flushes": ("runout.cli.rows:flushes", "List flushes and squeezes as they were known at a moment."),
    "forecast": ("runout.cli.forecasting:forecast", "Say how likely a wave of liquidations is, today and tomorrow."),
    "forget": ("runout.cli.importing:forget", "Take series out of a lake, as if they had not been imported."),
    "import": ("runout.cli.importing:import_", "Import files of a provider into a lake."),
    "live": ("runout.cli.living:live", "Keep today's market: fetch, collect, compute each minute, serve the page."),
    "map": ("runout.cli.mapping:map_", "Draw the inferred liquidation map of a coin as of a moment."),
    "positions": (
        "runout.cli.positions:positions",
        "Say where a position of your own is liquidated.",
    ),
    "raw": ("runout.cli.collecting:raw", "Check a raw log, or make a lake from it again."),
    "replay": ("runout.cli.replaying:replay", "Issue a past period's forecasts as they would have been, and score."),
    "rows": ("runout.cli.rows:rows", "Print rows of a series as they were known at a moment."),
    "score": ("runout.cli.scoring:score", "Score the issued forecast on a past period, beside plain models."),
    "serve": ("runout.cli.serving:serve", "Serve a lake as a page to keep open, and as an API."),
    "series": ("runout.cli.rows:list_series", "List the series of a lake with their scope."),
    "status": ("runout.cli.collecting:status", "Say how collectors are: age, rate and gaps of each feed."),
    "synthesize": ("runout.cli.synthesizing:synthesize", "Write a synthetic market into a lake."),
    "verify": (
        "runout.cli.verifying:verify",
        "Audit a lake: gaps, duplicates, frozen series, unit jumps, swapped sides.",
    ),
    "whatif": ("runout.cli.whatif:whatif", "Say what a move of the price would set off, and where it would stop."),
}
for _name, (_target, _help) in _COMMANDS.items():
    app.command(_target, name=_name, help=_help, help_epilogue=epilogue(_name))
app.register_install_completion_command(help="Complete commands and options in this shell (bash, zsh, fish).")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    errors = screen.console(stderr=True)
    app.console = screen.console()
    asked = list(sys.argv[1:] if arguments is None else arguments)
    if asked[:1] == ["help"]:
        asked = [*asked[1:], "--help"]
    if "RUNOUT_PARENT" in os.environ:
        from runout.pipeline.children import end_with_parent  # noqa: PLC0415 - only below `runout live`

        end_with_parent()
    try:
        if not set(asked) & {"--help", "-h"}:
            check_environment()
            follow_clock()
        outcome = app(asked, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        errors.print(f"usage: {_usage(error)}", soft_wrap=True, markup=False)
        command = next((name for name in asked[:1] if name in _COMMANDS), "")
        errors.print(f"see `runout {command} --help`" if command else "see `runout --help`, or `runout COMMAND --help`")
        return ExitCode.USAGE
    except RunoutError as error:
        text = error.worded("--at ") if isinstance(error, NotEnoughDataError) else error
        errors.print(f"error: {text}", soft_wrap=True, markup=False)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output went away: not an error of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except OSError as error:
        errors.print(
            f"error: {error}; check that the path exists, can be written and has room", soft_wrap=True, markup=False
        )
        return ExitCode.FINDINGS
    except KeyboardInterrupt:
        errors.print("interrupted; what was finished is kept, run the same command again to go on")
        return ExitCode.INTERRUPTED
    return outcome if isinstance(outcome, int) else ExitCode.DONE


def _usage(error: CycloptsError) -> str:
    if isinstance(error, UnusedCliTokensError):
        return f"nothing more expected, found {' '.join(error.unused_tokens or ())}; ask for one coin at a time"
    return str(error)
