"""Writes a first configuration for the provider keys that are in the environment."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from aiprobe.config.known import Known
from aiprobe.config.load import load_text
from aiprobe.config.resolve.presets import Preset, presets
from aiprobe.config.resolve.prices import builtin_prices
from aiprobe.core.kind import QuestionTraits
from aiprobe.core.money import expected_usd_per_day

_SMALLEST_BUDGET_USD: Final = 0.10
_HEADER: Final = """\
# aiprobe: what to ask of which AI service, and how often.
# Every key is explained in docs/configuration.md; `aiprobe check --config.file THIS_FILE` finds every mistake.
"""
_NO_KEY: Final = """\
# No provider key was found in the environment, so everything below is an example: take the # away from what you need.
# Keys that `aiprobe init` looks for: {variables}.
"""
_EXAMPLE: Final = """\
# `aiprobe simulate` runs AI services that fail on command; Ollama and vLLM are asked in the same way.
# providers:
#   simulator:
#     protocol: openai-chat
#     base_url: http://127.0.0.1:10530/v1
#     egress: false            # reached without the Internet
#   ollama: {}                 # a preset: http://127.0.0.1:11434/v1
# targets:
#   - name: simulated-chat
#     provider: simulator
#     model: gpt-6-luna
#     probe: chat
#   - name: local-chat
#     provider: ollama
#     model: llama3.2
#     probe: chat
"""


def starter(environ: Mapping[str, str], known: Known, *, asks: Sequence[str] = ()) -> tuple[str, float]:
    """Return the text of a commented configuration for the keys in `environ`, and what a day of it costs in USD.

    `asks` are questions of chat probes that are asked beside the default one, more seldom.
    """
    found = _with_keys(environ)
    ready = [preset for preset in found if preset.base_url and preset.model]
    unfinished = [preset for preset in found if preset not in ready]
    if not ready:
        variables = ", ".join(
            dict.fromkeys(preset.key_variable for preset in presets().values() if preset.key_variable)
        )
        said = "" if unfinished else _NO_KEY.format(variables=variables)
        return _HEADER + said + _commented(unfinished) + _EXAMPLE, 0.0
    questions = known.kinds["chat"].questions if asks else {}
    body = _body(ready, [questions[ask] for ask in asks]) + _commented(unfinished)
    settings = load_text(body, environ=environ, known=known)
    usd_per_day = sum(expected_usd_per_day(target) or 0.0 for target in settings.targets)
    # Twice what is expected: room for confirmations and for a model that talks more than it was asked to.
    budget = max(_SMALLEST_BUDGET_USD, math.ceil(usd_per_day * 2 * 100) / 100)
    cost = f"# A day of this costs about {usd_per_day:.4f} USD.\n"
    limit = f"budget:\n  usd_per_day: {budget:.2f}        # no probe starts that could pass it\n\n"
    return _HEADER + cost + "\n" + limit + body, usd_per_day


def _with_keys(environ: Mapping[str, str]) -> list[Preset]:
    """One preset for every key variable that is set, the first where several share it."""
    found: dict[str, Preset] = {}
    for preset in presets().values():
        if preset.key_variable and environ.get(preset.key_variable):
            found.setdefault(preset.key_variable, preset)
    return list(found.values())


def questions(known: Known) -> tuple[str, ...]:
    """Return the questions that can be asked without more keys, but the default one."""
    _, *others = known.kinds["chat"].questions.values()
    return tuple(question.name for question in others if not question.needs)


def _body(ready: list[Preset], asked: Sequence[QuestionTraits]) -> str:
    lines = ["defaults:", "  interval: 60s", "", "providers:"]
    for preset in ready:
        lines += [f"  {preset.key}:", f'    api_key: "${{{preset.key_variable}}}"']
    lines += ["", "targets:"]
    for preset in ready:
        lines += _target(preset)
        for question in asked:
            lines += _asking(preset, question)
    return "\n".join([*lines, ""])


def _target(preset: Preset) -> list[str]:
    known = builtin_prices().lookup(preset.name, preset.model or "") is not None
    if known:
        kind = ["    probe: chat                # a short question with a fresh nonce", f"    model: {preset.model}"]
    else:
        kind = [
            "    probe: models              # free: it lists the models",
            f"    # for a chat probe: `probe: chat`, `model: {preset.model}`, and its price in USD per million tokens,",
            "    # price: {input_usd: ..., output_usd: ...}: aiprobe has no price for it",
        ]
    return [f"  - name: {preset.key}-{'chat' if known else 'models'}", f"    provider: {preset.key}", *kind]


def _asking(preset: Preset, question: QuestionTraits) -> list[str]:
    """Return the target that asks one more question; none where its model has no price or the provider no mode."""
    if question.form in preset.lacks or builtin_prices().lookup(preset.name, preset.model or "") is None:
        return []
    return [
        f"  - name: {preset.key}-{question.name}",
        f"    provider: {preset.key}",
        "    probe: chat",
        f"    ask: {question.name}",
        f"    model: {preset.model}",
        "    interval: 5m",
    ]


def _commented(unfinished: list[Preset]) -> str:
    """What has a key but needs more: an address, or the name of a model."""
    text = ""
    for preset in unfinished:
        text += (
            f"\n# {preset.key_variable} is set; {preset.display_name} needs your address and model:\n"
            f"#   providers:\n#     {preset.key}:\n#       base_url: {preset.base_url or preset.address}\n"
            f'#       api_key: "${{{preset.key_variable}}}"\n'
            f"#   targets:\n#     - {{name: {preset.key}-chat, provider: {preset.key}, probe: chat, model: YOURS}}\n"
        )
    return text
