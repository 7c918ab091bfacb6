"""The command ``profile``: the rows of a profile's buffer, while they come."""

import argparse
from contextlib import aclosing

from ..client.profile_request import ProfileRequest
from ..errors import LocalProtocolError
from ..interface_classes.profile_columns import ProfileColumn
from .console import Console
from .local_time import ComputerZone
from .options import UsageError
from .profile_output import CsvOutput, JsonOutput, RowOutput, TableOutput
from .run import Lender, with_lender


def read_profile(options: argparse.Namespace, console: Console) -> int:
    """Show rows in the buffer's order; those that came before an error are shown, too."""
    request = profile_request(options)
    output = _output(options, console)

    async def write(lender: Lender) -> None:
        reading = lender.read_profile(request)
        async with aclosing(reading.rows()) as batches:
            async for rows in batches:
                _check_columns(request, reading.columns)
                output.write(reading.columns, rows)
        _check_columns(request, reading.columns)
        output.write(reading.columns, ())

    def progress(text: str) -> None:
        console.progress(f"{text}, {output.rows} rows")

    try:
        with_lender(options, write, console.note_leniencies, progress)
    finally:
        output.end()
    return 0


def profile_request(options: argparse.Namespace) -> ProfileRequest:
    """Return what is asked for. Raises UsageError."""
    zone = options.time_zone or ComputerZone()
    since, until = (
        time if time is None or time.tzinfo is not None else time.replace(tzinfo=zone)
        for time in (options.since, options.until)
    )
    try:
        return ProfileRequest(
            logical_name=options.logical_name,
            since=since,
            until=until,
            entries=options.entries,
            columns=options.columns,
            zone=zone,
        )
    except LocalProtocolError as error:
        raise UsageError(str(error)) from error


def _output(options: argparse.Namespace, console: Console) -> RowOutput:
    if options.json and options.csv:
        raise UsageError("--json and --csv are two forms: choose one")
    return (JsonOutput if options.json else CsvOutput if options.csv else TableOutput)(console)


def _check_columns(request: ProfileRequest, columns: tuple[ProfileColumn, ...]) -> None:
    there = {column.capture_object.logical_name for column in columns}
    missing = [str(name) for name in request.columns if name not in there]
    if missing:
        raise UsageError(f"the profile has no column {', '.join(missing)}")
