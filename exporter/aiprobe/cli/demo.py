"""The demo: the whole exporter against the simulator, on this machine, without a key and without the Internet.

The simulator serves its providers and their status pages. It writes an ordinary configuration file and starts an
ordinary exporter with it; only the addresses are special.
"""

import tempfile
from pathlib import Path
from typing import Final

import click

from aiprobe import logs
from aiprobe.apart import read_settings_apart
from aiprobe.app import Options
from aiprobe.cli.options import level_option
from aiprobe.cli.running import run
from aiprobe.cli.serve import listen_option, serve_until_stopped
from aiprobe.core.secret import Redactor
from aiprobe_simulator.scenario import demo_scenario
from aiprobe_simulator.server import Simulator

_CONFIG: Final = """\
# The configuration of `aiprobe demo`: every provider is the simulator on this machine.
vantage: demo
budget:
  usd_per_day: 50
defaults:
  interval: 5s
  suspicion: {{persistence: 5s}}  # as the intervals are short, an outage is certain after seconds
  timeouts: {{connect: 1s, first_token: 2s, stall: 1s, total: 3.5s}}
  slo: {{availability: 99.5, time_to_first_token: {{below: 1s, objective: 95}}}}
egress:
  - {simulator}/egress/1
  - {simulator}/egress/2
status_pages:
  interval: 2s
  pages:
    claude: {{url: "{simulator}/status/claude/api/v2/summary.json"}}
    openai:
      url: "{simulator}/status/openai/api/v2/summary.json"
      incidents_url: "{simulator}/status/openai/api/v2/incidents.json"
    groq:
      url: "{simulator}/status/groq/api/v2/summary.json"
      incidents_url: "{simulator}/status/groq/api/v2/incidents.json"
journal:
  directory: {directory}
providers:
  anthropic: {{base_url: "{simulator}/anthropic", api_key: {{file: "{key_file}"}}}}
  openai: {{base_url: "{simulator}/openai/v1", api_key: {{file: "{key_file}"}}}}
  gemini: {{base_url: "{simulator}/gemini", api_key: {{file: "{key_file}"}}}}
  mistral: {{base_url: "{simulator}/mistral/v1", api_key: {{file: "{key_file}"}}}}
  groq: {{base_url: "{simulator}/groq/openai/v1", api_key: {{file: "{key_file}"}}}}
  my-vllm: {{protocol: openai-chat, base_url: "{simulator}/my-vllm/v1", egress: false, display_name: My vLLM}}
prices:  # of nobody: the simulator's tokens are free, and the demo shows what a bill looks like
  models:
    claude-haiku-4-5: {{input_usd: 1, output_usd: 5}}
    claude-sonnet-4-6: {{input_usd: 3, output_usd: 15}}
    gpt-4.1-nano: {{input_usd: 0.1, output_usd: 0.4}}
    gpt-4.1-mini: {{input_usd: 0.4, output_usd: 1.6}}
    text-embedding-3-small: {{input_usd: 0.02, output_usd: 0}}
    gemini-2.5-flash: {{input_usd: 0.3, output_usd: 2.5}}
    mistral-small-latest: {{input_usd: 0.1, output_usd: 0.3}}
    llama-3.1-8b-instant: {{input_usd: 0.05, output_usd: 0.08}}
    llama-3: {{input_usd: 0, output_usd: 0}}
targets:
  - {{name: claude-haiku, provider: anthropic, surface: Claude API, model: claude-haiku-4-5, probe: chat}}
  - {{name: claude-sonnet, provider: anthropic, surface: Claude API, model: claude-sonnet-4-6, probe: chat}}
  - {{name: claude-models, provider: anthropic, surface: Claude API, probe: models}}
  - {{name: claude-web, provider: anthropic, surface: claude.ai, probe: http, url: "{simulator}/web/claude"}}
  - {{name: gpt-nano, provider: openai, surface: Chat Completions, model: gpt-4.1-nano, probe: chat}}
  - name: gpt-responses
    provider: openai
    protocol: openai-responses
    surface: Responses
    model: gpt-4.1-mini
    probe: chat
  - {{name: openai-embeddings, provider: openai, surface: Embeddings, model: text-embedding-3-small, probe: embeddings}}
  - {{name: gemini-flash, provider: gemini, surface: Gemini API, model: gemini-2.5-flash, probe: chat}}
  - {{name: mistral-small, provider: mistral, surface: Mistral API, model: mistral-small-latest, probe: chat}}
  - {{name: groq-llama, provider: groq, surface: Groq API, model: llama-3.1-8b-instant, probe: chat}}
  - {{name: local-llama, provider: my-vllm, surface: my vLLM, model: llama-3, probe: chat}}
groups:
  small-chat: {{any_of: [claude-haiku, gpt-nano, gemini-flash]}}
"""


@click.command()
@listen_option("127.0.0.1:10529")
@level_option
def demo(listen_addresses: tuple[str, ...], log_level: str) -> None:
    redactor = Redactor()
    logs.set_up(level=log_level, log_format="logfmt", redact=redactor)
    run(_demo(listen_addresses, redactor))


async def _demo(listen_addresses: tuple[str, ...], redactor: Redactor) -> None:
    with tempfile.TemporaryDirectory(prefix="aiprobe-demo-") as directory:
        key_file = Path(directory) / "key"
        key_file.write_text("demo-key-of-nobody\n")
        async with Simulator(host="127.0.0.1", port=0, scenario=demo_scenario()) as simulator:
            config_file = Path(directory) / "aiprobe.yml"
            config_file.write_text(
                _CONFIG.format(simulator=simulator.url, directory=f"{directory}/data", key_file=key_file)
            )
            options = Options(config_file=config_file, listen_addresses=listen_addresses)
            settings = read_settings_apart(config_file, {})
            click.echo(f"The simulated providers are on {simulator.url}. Stop with Ctrl-C.", err=True)
            await serve_until_stopped(settings, options, redactor)
