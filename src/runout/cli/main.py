"""The command line: parses, calls one job, renders, and turns errors into the public exit codes.

Commands live in sibling modules and are loaded when called, so that ``runout --help`` and every small command start
quickly.
"""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError
from rich.console import Console

from runout.errors import ExitCode, RunoutError

app = App(
    name="runout",
    help="Avalanche forecasting for crypto leverage: observes leveraged positions, says what would set a slide off, "
    "how far it would run, and keeps score.",
    version=lambda: _version_text(),
    exit_on_error=False,
    print_error=False,
    help_on_error=False,
)

for _name, _target in {
    "bulletin": "runout.cli.bulletin:bulletin",
    "compute": "runout.cli.computing:compute",
    "demo": "runout.cli.demo:demo",
    "fetch": "runout.cli.fetching:fetch",
    "import": "runout.cli.importing:import_",
    "synthesize": "runout.cli.synthesizing:synthesize",
    "verify": "runout.cli.verifying:verify",
}.items():
    app.command(_target, name=_name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    errors = Console(stderr=True, highlight=False)
    try:
        outcome = app(list(sys.argv[1:] if arguments is None else arguments), result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        errors.print(f"[bold]usage:[/] {error}", soft_wrap=True, markup=True)
        errors.print("see `runout --help`, or `runout COMMAND --help`")
        return ExitCode.USAGE
    except RunoutError as error:
        errors.print(f"error: {error}", soft_wrap=True, markup=False)
        return error.exit_code
    except KeyboardInterrupt:
        errors.print("interrupted; what was finished is kept, run the same command again to go on")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away: not an error of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    return outcome if isinstance(outcome, int) else ExitCode.DONE


def _version_text() -> str:
    from runout.cli.configuration import lock_version  # noqa: PLC0415 - only for --version
    from runout.version import CODE_VERSION, METHOD_VERSION, SCHEMA_VERSION  # noqa: PLC0415

    return f"runout {CODE_VERSION} (methods {METHOD_VERSION}, schema {SCHEMA_VERSION}, lock {lock_version()})"
