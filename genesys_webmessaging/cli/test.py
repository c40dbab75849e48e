"""``test``: run the scenarios of files, and report."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ._exit_status import Status, epilog
from ._screen import is_plain, make_console
from ._text import one_line

if TYPE_CHECKING:
    from ..scenarios import Scenario, ScenarioResult


@click.command(
    "test",
    epilog=epilog(
        "genesys-webmessaging test shop.scenario.yaml",
        "genesys-webmessaging test tests/*.scenario.yaml --region eu_central_1 --deployment-id ID --report report.html",
        "genesys-webmessaging test shop.scenario.yaml -k order --parallel 4 --junit junit.xml",
    ),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--region", metavar="REGION", help="Run them in a region, by name or domain, instead of the files' own.")
@click.option("--address", metavar="URL", help="Run them against a WebSocket address instead of the files' own.")
@click.option("--deployment-id", metavar="ID", help="The Messenger deployment instead of the files' own.")
@click.option("--origin", metavar="URL", help="The web page's origin instead of the files' own.")
@click.option("-k", "keyword", metavar="TEXT", help="Run only scenarios whose name has this text.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Run only scenarios with this tag; may be repeated.")
@click.option("--parallel", type=click.IntRange(1, 1000), default=1, show_default=True, metavar="N")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write JUnit XML.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write an HTML page.")
@click.option("--report-json", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write JSON.")
@click.option("--proxy", metavar="URL", help="http://host:port or socks5://host:port; else the environment's.")
@click.option("--ca-file", metavar="FILE", help="Trust the authorities in this PEM file instead of the system's.")
def command(
    files: Sequence[Path],
    region: str | None,
    address: str | None,
    deployment_id: str | None,
    origin: str | None,
    keyword: str | None,
    tags: Sequence[str],
    parallel: int,
    junit: Path | None,
    report: Path | None,
    report_json: Path | None,
    proxy: str | None,
    ca_file: str | None,
) -> Status:
    """Run scenario files: conversations, and what must be answered in them.

    Without an address in the options or in a file, its scenarios run against a simulator of their own. Every file is
    read before the first scenario runs.
    """
    from ..scenarios import Places, Runner, load, select
    from ..scenarios.reports import as_html, as_json, as_junit

    if region and address:
        raise click.UsageError("--region and --address exclude each other")
    scenarios = select((scenario for file in files for scenario in load(file).scenarios), keyword=keyword, tags=tags)
    if not scenarios:
        raise click.UsageError("no scenario of these files is meant by -k and --tag")
    options = {"proxy": proxy, "caFile": ca_file}
    began = time.monotonic()
    with (
        Places(
            address=address or region,
            deploymentId=deployment_id,
            origin=origin,
            connectOptions={name: value for name, value in options.items() if value is not None},
        ) as places,
        _progress(scenarios) as tell,
    ):
        results = Runner(places).run_all(scenarios, parallel=parallel, onEnd=tell)
    for path, write in ((junit, as_junit), (report, as_html), (report_json, as_json)):
        if path is not None:
            path.write_text(write(results), encoding="utf-8")
    _sum_up(results, time.monotonic() - began)
    return _status_of(results)


@contextmanager
def _progress(scenarios: Sequence[Scenario]) -> Iterator[Callable[[ScenarioResult], None]]:
    """Within: each result is told as it comes, under a bar if somebody is looking."""
    if is_plain(sys.stdout):
        # Scenarios that run beside each other must not tell beside each other.
        lock = threading.Lock()

        def tell(result: ScenarioResult) -> None:
            with lock:
                click.echo(_line_of(result))

        yield tell
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=make_console(sys.stdout), transient=True) as progress:
        task = progress.add_task("scenarios", total=len(scenarios))

        def show(result: ScenarioResult) -> None:
            progress.console.print(Text(_line_of(result), style="green" if result.passed else "red"), soft_wrap=True)
            progress.advance(task)

        yield show


def _line_of(result: ScenarioResult) -> str:
    scenario = result.scenario
    name = one_line(f"{scenario.file.name}: {scenario.name} ({result.seconds:.2f} s)")
    line = f"{'ok' if result.passed else 'FAILED':<7}{name}"
    told = not result.passed or len(result.attempts) > 1
    return f"{line}\n       {one_line(result.sentence)}" if told else line


def _sum_up(results: Sequence[ScenarioResult], seconds: float) -> None:
    failed = sum(not result.passed for result in results)
    counts = f"{len(results) - failed} passed, {failed} failed"
    click.echo(f"{counts} in {seconds:.1f} s")


def _status_of(results: Sequence[Any]) -> Status:
    if all(result.passed for result in results):
        return Status.OK
    attempts = [result.shown_attempt for result in results]
    unreachable = not any(attempt.connected or attempt.refused for attempt in attempts)
    return Status.CONNECTION if unreachable else Status.REFUSED
