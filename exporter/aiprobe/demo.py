"""The demo: the whole exporter against the simulator, on this machine, without a key and without the Internet.

Its providers and their status pages are the simulator. It writes an ordinary configuration file and starts an ordinary
exporter with it; nothing is special but the addresses.
"""

from typing import Final

_PROVIDERS: Final = """\
# The configuration of `aiprobe demo`: every provider is the simulator on this machine.
vantage: demo
budget:
  usd_per_day: 50
defaults:
  interval: 5s
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


def demo_config(*, simulator: str, directory: str, key_file: str) -> str:
    """Return the demo's configuration for a simulator at the URL `simulator`, with its files in `directory`."""
    return _PROVIDERS.format(simulator=simulator, directory=directory, key_file=key_file)
