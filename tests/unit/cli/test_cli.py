"""The command line's own words: shards, flags, and what it says when it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiprobe import __version__, cli
from aiprobe.cli import COMMANDS, main


def run(*arguments: str, hostname: str = "aiprobe-2") -> tuple[int, str]:
    done = CliRunner(env={"HOSTNAME": hostname}).invoke(main, list(arguments), catch_exceptions=False)
    return done.exit_code, done.output


LIBRARIES = frozenset(
    {"aiodns", "aiohttp", "asyncio", "bcrypt", "feedparser", "jinja2"}
    | {"prometheus_client", "pydantic", "rich", "sqlite3", "uvloop", "yaml"}
)
"""Each takes milliseconds to import and megabytes to keep. `click` is what a command line is made of."""


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("version", ""),
        ("healthcheck", ""),
        ("incidents", ""),
        ("export", "yaml"),
        ("init", "aiodns asyncio pydantic yaml"),
        ("check", "aiodns asyncio pydantic yaml"),
        ("serve", "aiodns aiohttp asyncio bcrypt prometheus_client sqlite3 uvloop"),
    ],
)
def test_a_command_imports_only_the_libraries_that_it_needs(command: str, needed: str) -> None:
    code = f"import sys, aiprobe.cli as cli; cli.main.get_command(None, {command!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert LIBRARIES & set(done.stdout.split()) == set(needed.split())


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = "import sys, aiprobe.cli as cli; cli.main(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("aiprobe")}
    assert loaded == {"aiprobe", "aiprobe.cli"}


def test_every_command_is_listed_with_what_it_does() -> None:
    said = " ".join(run("--help")[1].split())
    assert all(f"{name} {text}" in said for name, text in COMMANDS.items())
    files = {path.stem for path in Path(cli.__file__).parent.glob("*.py")}
    assert set(COMMANDS) <= files


@pytest.mark.parametrize("shard", ["3/3", "-1/3", "a/3", "1", "1/0", "", "1/2/3"])
def test_a_shard_that_is_none_is_refused_with_an_example(shard: str) -> None:
    code, said = run("serve", "--shard", shard, "--config.file", "missing.yml")
    assert code == 2
    assert "such as 0/3" in said


@pytest.mark.parametrize(("hostname", "code"), [("aiprobe-2", 1), ("aiprobe-7", 2), ("laptop", 2)])
def test_an_ordinal_is_read_off_the_host_s_name(hostname: str, code: int) -> None:
    found, said = run("serve", "--shard", "ordinal/3", "--config.file", "missing.yml", hostname=hostname)
    assert found == code, said


def test_the_version_is_told() -> None:
    told = run("version")[1]
    assert told.startswith(f"aiprobe {__version__} (Python 3.")
    assert run("--version") == (0, told)


def test_the_package_is_the_command_as_well() -> None:
    done = subprocess.run([sys.executable, "-m", "aiprobe", "nosuch"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: aiprobe [OPTIONS] COMMAND")


def test_every_command_explains_itself() -> None:
    for command in COMMANDS:
        code, said = run(command, "--help")
        assert code == 0
        assert len(said.splitlines()) >= 5


def test_a_missing_configuration_says_how_to_get_one(tmp_path: Path) -> None:
    code, said = run("check", "--config.file", str(tmp_path / "none.yml"))
    assert code == 1
    assert "`aiprobe init` writes a first configuration" in said


def test_check_reads_the_web_config_file_as_serve_does(tmp_path: Path) -> None:
    web = tmp_path / "web.yml"
    web.write_text("basic_auth_users: {ops: not-a-hash}\n")
    code, said = run("check", "--web.config.file", str(web))
    assert code == 1
    assert said.startswith(f"aiprobe: {web}: basic_auth_users")


@pytest.mark.parametrize("command", ["incidents", "healthcheck"])
def test_an_exporter_that_is_not_there_is_one_line(command: str) -> None:
    code, said = run(command, "--url", "http://127.0.0.1:9")
    assert code == 1
    assert len(said.splitlines()) == 1
    assert said.startswith("aiprobe: ")


@pytest.mark.parametrize("command", ["incidents", "healthcheck"])
def test_only_http_is_asked(command: str) -> None:
    code, said = run(command, "--url", "file:///etc/passwd")
    assert code == 2
    assert "not an http(s) URL" in said


def test_probe_reads_the_sources_for_a_target_that_no_file_names(tmp_path: Path) -> None:
    (tmp_path / "sd.json").write_text('[{"targets": ["h:1", "h:2"]}]')
    config = tmp_path / "aiprobe.yml"
    template = "{provider: p, probe: http, name: '{address}', url: 'http://127.0.0.1:9/'}"
    config.write_text(
        "egress: []\n"
        "providers: {p: {protocol: openai-chat, base_url: 'http://127.0.0.1:9/v1'}}\n"
        "discover:\n"
        f"  good: {{file: sd.json, limit: 1, template: {template}}}\n"
        f"  bad: {{file: none.json, template: {template}}}\n"
    )

    code, said = run("probe", "h:1", "--config.file", str(config))
    assert code == 1, said
    assert said.startswith("connect (bad)")

    code, said = run("probe", "h:2", "--config.file", str(config))
    assert code == 2
    assert "no target 'h:2'; there are: h:1" in said
    assert "source good: left out: h:2: the limit is 1" in said
    assert f"source bad: {tmp_path}/none.json: cannot be read: no such file" in said

    config.write_text(config.read_text().partition("discover:")[0] + "targets: [{name: t, provider: p, probe: models}]")
    assert run("probe", "h:1", "--config.file", str(config))[1].splitlines()[0].endswith("there are: t")


def test_check_discover_lists_all_that_is_left_out_and_one_line_for_each_kind_of_cap(tmp_path: Path) -> None:
    models = ", ".join(f'"zz-{number}"' for number in range(1, 7))
    (tmp_path / "sd.json").write_text(f'[{{"targets": [{models}, "none-1", "none-2", "none-3", "none-4"]}}]')
    config = tmp_path / "aiprobe.yml"
    config.write_text(
        "budget: {usd_per_day: 5}\n"
        'prices: {models: {"zz-*": {input_usd: 1, output_usd: 1, source: our contract}}}\n'
        "providers: {gw: {preset: litellm, base_url: 'http://127.0.0.1:9/v1', api_key: x}}\n"
        "discover: {all: {file: sd.json, template: {provider: gw, probe: chat, model: '{address}'}}}\n"
    )

    code, said = run("check", "--discover", "--config.file", str(config))

    lines = said.splitlines()
    assert code == 0, said
    assert [line.split(": ")[2] for line in lines if "left out: none" in line and line.startswith("source")] == [
        "none-1", "none-2", "none-3", "none-4",
    ]  # fmt: skip
    assert [line for line in lines if "output tokens" in line] == [
        "zz-1, zz-2, zz-3 and 3 more: at most 64 output tokens: no known family has this name; price from our contract"
    ]


def test_check_discover_shows_what_would_be_probed_and_fails_for_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "sd.json").write_text('[{"targets": ["h:1"], "labels": {"team": "a"}}]')
    config = tmp_path / "aiprobe.yml"
    template = "{provider: p, probe: http, name: '{address}', url: 'https://{address}/'}"
    config.write_text(
        "providers: {p: {protocol: openai-chat, base_url: 'http://127.0.0.1:9/v1'}}\n"
        f"discover: {{good: {{file: sd.json, template: {template}}}}}\n"
    )

    code, said = run("check", "--discover", "--config.file", str(config))
    assert code == 0, said
    assert "source good: 1 targets probed" in said
    assert [line.split()[0] for line in said.splitlines() if " http " in line] == ["h:1"]
    assert "h:1" not in run("check", "--config.file", str(config))[1]

    config.write_text(config.read_text().replace("discover: {", "discover: {bad: {models: p}, "))
    code, said = run("check", "--discover", "--config.file", str(config))
    assert code == 1
    assert "source bad: GET http://127.0.0.1:9/v1/models: no answer: connect" in said
    assert "source good: 1 targets probed" in said


@pytest.mark.parametrize(
    ("typed", "hint"), [("chek", 'did you mean "check"?'), ("repot", 'did you mean "report"?'), ("x", "known: check, ")]
)
def test_an_unknown_command_ends_with_the_one_that_was_meant(typed: str, hint: str) -> None:
    code, said = run(typed)
    assert code == 2
    assert f"No such command '{typed}'; {hint}" in said
