"""All files that a stack is made from, read and checked by one code for everybody.

`eros validate`, `pulumi preview`, `pulumi up`, `eros plan` and `eros deploy` all come
through here, so that no mistake is found by one and passed by another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bqstack import analysis, catalogue
from bqstack.amounts import counted
from bqstack.analysis import Beside, Finding, Report, finding_report, recall
from bqstack.errors import UserError
from eros.project import alerts, channels, schedules
from eros.project import figures as metrics
from eros.project.alerts.checks import check as check_alerts
from eros.project.marking import FigureFragments, RuleFragments
from eros.project.project import Project
from eros.project.settings import NAMESPACE, PROJECT_ROOT, Settings

KEY = f"{NAMESPACE}:allowMistakes"


@dataclass(frozen=True)
class Files:
    """What all files declare, checked."""

    sql: catalogue.Catalogue
    schedules: list[schedules.TransferConfig]
    channels: dict[str, channels.Channel]
    alerts: alerts.Alerts
    metrics: dict[str, metrics.Source]
    dashboards: dict[str, dict[str, Any]]


class Reading:
    """One reading of all files: `report` has every mistake, `files` what could be read."""

    def __init__(
        self,
        settings: Settings,
        root: Path = PROJECT_ROOT,
        only: Iterable[Path] = (),
        on_compile: Callable[[], None] | None = None,
        fresh: bool = False,
    ) -> None:
        self._settings, self._root = settings, root
        self._project = Project(settings, root)
        self._only = tuple(only)
        self._scripts = schedules.ScheduledScripts(settings, root)
        self.report: Report = analysis.validate(
            settings, root, only, on_compile, fresh, beside(self._scripts)
        )
        self.files = self._documents()
        if settings.sandbox:
            found = written_elsewhere(settings, self.report.catalogue or (), self._scripts.configs)
            self.report.findings += [one for one in found if self._is_asked(one.file)]
        self.report.findings.sort()

    def refuse_mistakes(self, warn: Callable[[str], None]) -> Files:
        """The files, if nothing is wrong with them or `eros:allowMistakes` lets it pass.

        Raises UserError with every mistake; `warn` is reported of those that are let pass, and of
        allowances that nothing needs.
        """
        allowed = {entry.strip() for entry in self._settings.allow_mistakes}
        passed = [f for f in self.report.findings if f.file.as_posix() in allowed]
        refused = [f for f in self.report.findings if f.file.as_posix() not in allowed]
        if refused or self.files is None:
            fix = _fix(refused, self._settings, is_readable=self.files is not None)
            raise UserError(_refusal(refused or passed, bool(refused)), fix=fix)
        for entry in sorted(allowed - {f.file.as_posix() for f in passed}):
            warn(f"{KEY}: {entry!r} no longer has mistakes: remove it")
        if passed:
            warn(
                f"{KEY} ignores these mistakes; they will fail on Google:\n"
                + "\n".join(map(finding_report.finding, passed))
            )
        return self.files

    def _documents(self) -> Files | None:
        """Everything beside the SQL; a mistake in one file hides none in another."""
        project, configs = self._project, self._scripts.configs
        rules = self._read(lambda: project.alerts, tell=False)
        figures = self._read(lambda: project.figures, tell=False)
        names = self._read(lambda: project.channel_names)
        found = self._read(lambda: project.channels) if names is not None else None
        boards = self._read(lambda: project.dashboards) if figures is not None else None
        sql = self.report.catalogue
        if figures is not None and sql is not None:
            self._read(lambda: metrics.check_sources(figures, sql))
        if rules is not None and configs is not None and names is not None:
            self._read(lambda: check_alerts(rules, self._settings.runbook, configs, names))
        if (
            sql is None
            or configs is None
            or found is None
            or rules is None
            or figures is None
            or boards is None
        ):
            return None
        return Files(sql, configs, found, rules, figures, boards)

    def _read[Value](self, read: Callable[[], Value], *, tell: bool = True) -> Value | None:
        """What `read` gives; a mistake is a finding unless the SQL's check tells it anyway."""
        try:
            return read()
        except UserError as error:
            if tell:
                # It loads the parser, which files without a mistake may not need.
                from bqstack.analysis.sql_files import in_document

                found = in_document(error, self._root, where_to_look)
                self.report.findings += [one for one in found if self._is_asked(one.file)]
            return None

    def _is_asked(self, file: Path) -> bool:
        """Whether the reading is about this file."""
        return not self._only or any(file == p or p in file.parents for p in self._only)


def written_elsewhere(
    settings: Settings,
    objects: Iterable[catalogue.SqlObject],
    configs: Iterable[schedules.TransferConfig] | None,
) -> Iterator[Finding]:
    """What a sandbox's SQL writes beside the sandbox: it must change nothing of others."""
    # It loads the tokenizer, which other stacks do not need for this.
    from bqstack.guard import writes_elsewhere

    own = {settings.dataset, settings.backup.dataset}
    texts = [(one.path, one.sql) for one in objects]
    texts += [(schedules.FILE, one.query) for one in configs or ()]
    for file, text in texts:
        for write in writes_elsewhere.writes(text, settings.project, own):
            # A schedule's script is no part of its file, line by line.
            is_whole = file.suffix == ".sql"
            yield Finding(
                file,
                write.line if is_whole else 1,
                1,
                "sandbox-write",
                f"{write.what} of {write.target}, which is not the sandbox's own",
                f"write to `{settings.project}`.`{settings.dataset}` only",
                text.splitlines()[write.line - 1] if is_whole else "",
            )


def beside(scripts: schedules.ScheduledScripts) -> Beside:
    """The files of config/ whose SQL is checked with that of sql/."""

    def fingerprint() -> bytes:
        folders = (scripts.root / "config", Path(__file__).parent)
        return scripts.settings.model_dump_json().encode() + recall.fingerprint(folders)

    names = Project(scripts.settings, scripts.root).names
    fragments = (RuleFragments(), FigureFragments())
    return Beside((scripts,), fragments, where_to_look, fingerprint, names)


def where_to_look(file: Path) -> str:
    """Where a person reads what a document may hold; empty for other files."""
    if file.match("config/dashboards/*"):
        return (
            "the format: https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards"
        )
    if file.parts[:1] == ("config",):
        return f"the comment at the head of {file} says what each key takes"
    if file.match("Pulumi.*.yaml"):
        return "eros/project/settings.py and settings_sections.py say what each key takes"
    return ""


def _refusal(findings: list[Finding], is_allowable: bool) -> str:
    count = counted(len(findings), "mistake")
    why = "" if is_allowable else ", which cannot be ignored: what they declare is unknown"
    listed = "\n".join(map(finding_report.finding, findings))
    return f"{count} in the files; nothing has been changed{why}\n{listed}".rstrip()


def _fix(findings: list[Finding], settings: Settings, *, is_readable: bool) -> str:
    if not findings:
        return "fix the file"
    again = "fix what is reported above; `eros validate` checks again."
    if not is_readable:
        return f"{again} {KEY} cannot ignore this: a file that cannot be read declares nothing"
    files = dict.fromkeys(finding.file.as_posix() for finding in findings)
    commands = (
        f"\n    pulumi config set --path '{KEY}[{place}]' '{file}' --stack {settings.stack}"
        # Behind those that the stack allows already.
        for place, file in enumerate(files, len(settings.allow_mistakes))
    )
    return f"{again} In an emergency, ignore the mistakes of a file:{''.join(commands)}"
