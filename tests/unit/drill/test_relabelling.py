"""Relabelling gives the labels that Prometheus gives."""

from typing import Any

import pytest

from aiprobe.drill.relabelling import relabelled

BEFORE = {"__name__": "aiprobe_state", "target": "haiku", "provider": "anthropic"}


@pytest.mark.parametrize(
    ("config", "after"),
    [
        ({"source_labels": ["__name__"], "regex": "aiprobe_.+", "action": "drop"}, None),
        ({"source_labels": ["__name__"], "regex": "aiprobe", "action": "drop"}, BEFORE),
        ({"source_labels": ["__name__"], "regex": "aiprobe_.+", "action": "keep"}, BEFORE),
        ({"source_labels": ["provider", "target"], "regex": "anthropic;(.*)", "target_label": "w",
          "replacement": "${1}-x"},
         {**BEFORE, "w": "haiku-x"}),
        ({"source_labels": ["provider"], "target_label": "vendor"}, {**BEFORE, "vendor": "anthropic"}),
        ({"source_labels": ["provider"], "regex": "openai", "target_label": "vendor"}, BEFORE),
        ({"source_labels": ["target"], "target_label": "w", "replacement": "$2\\1$0"}, {**BEFORE, "w": "\\1haiku"}),
        ({"target_label": "target", "replacement": ""}, {key: BEFORE[key] for key in ("__name__", "provider")}),
        ({"regex": "prov.*", "action": "labeldrop"}, {key: BEFORE[key] for key in ("__name__", "target")}),
        ({"regex": "__name__|target", "action": "labelkeep"}, {key: BEFORE[key] for key in ("__name__", "target")}),
        ({"regex": "(t.+)", "action": "labelmap", "replacement": "ai_$1"}, {**BEFORE, "ai_target": "haiku"}),
        ({"source_labels": ["target"], "target_label": "target", "action": "uppercase"}, {**BEFORE, "target": "HAIKU"}),
        ({"source_labels": ["target"], "target_label": "provider", "action": "dropequal"}, BEFORE),
        ({"source_labels": ["target"], "target_label": "provider", "action": "keepequal"}, None),
    ],
)  # fmt: skip
def test_one_rule_is_applied_as_prometheus_applies_it(config: dict[str, Any], after: dict[str, str] | None) -> None:
    assert relabelled(BEFORE, [config]) == after


def test_a_pattern_that_python_does_not_read_is_named() -> None:
    with pytest.raises(ValueError, match=r"regular expression '\\\\pN'"):
        relabelled(BEFORE, [{"source_labels": ["target"], "regex": r"\pN", "action": "drop"}])


def test_a_rule_reads_what_the_rule_before_it_wrote() -> None:
    first = {"source_labels": ["target"], "target_label": "copy"}
    second = {"source_labels": ["copy"], "regex": "haiku", "action": "drop"}

    assert relabelled(BEFORE, [first, second]) is None
