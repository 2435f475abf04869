"""The rules under promtool and pint: well formed, as are the queries of the runbooks."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.alerts.conftest import Stack
from tests.alerts.gotools import built
from tests.alerts.rulefiles import ALERTS, RULE_FILES, TESTS, runbook_queries

pytestmark = pytest.mark.e2e


def run(*command: str, cwd: Path = TESTS) -> tuple[int, str]:
    """Run a command; returns its exit status and all that it said."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_promtool_accepts_every_rule_file(stack: Stack) -> None:
    status, said = run(stack.promtool, "check", "rules", "--lint=all", "--lint-fatal", *map(str, RULE_FILES))
    assert status == 0, said


def test_every_query_of_the_runbooks_parses(stack: Stack, tmp_path: Path) -> None:
    queries = [{"record": f"runbook:query{at}", "expr": query} for at, (_, query) in enumerate(runbook_queries())]
    assert len(queries) > 40
    (tmp_path / "queries.yml").write_text(json.dumps({"groups": [{"name": "runbooks", "rules": queries}]}))
    status, said = run(stack.promtool, "check", "rules", str(tmp_path / "queries.yml"))
    assert status == 0, said


@pytest.mark.built
def test_pint_has_nothing_to_say() -> None:
    pint = built("pint") / "pint"
    status, said = run(str(pint), "--offline", "lint", "--min-severity=info", *map(str, RULE_FILES), cwd=ALERTS)
    assert status == 0, said
