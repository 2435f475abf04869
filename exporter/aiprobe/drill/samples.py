"""The alerts of a drill, as labels: what the checks send through configurations, and what the rehearsal waits for."""

from typing import Final

from aiprobe.drill.step import Labels

DRILL: Final = "aiprobe-drill"
"""The provider of a drill, its scrape job and the receiver of its web hook."""
WATCHDOG: Final[Labels] = {"alertname": "AIWatchdog", "severity": "none", "scope": "meta"}


def a_target(number: int = 1, provider: str = DRILL) -> Labels:
    """Return the labels of a target."""
    return {
        "target": f"drill-{number}",
        "provider": provider,
        "account": provider,
        "surface": "aiprobe drill",
        "model": f"drill-model-{number}",
        "probe": "chat",
    }


def model_down(number: int = 1, provider: str = DRILL) -> Labels:
    """Return the labels of AIModelDown of a target."""
    return {"alertname": "AIModelDown", "severity": "critical", "scope": "model", **a_target(number, provider)}


def provider_down(provider: str = DRILL) -> Labels:
    """Return the labels of AIProviderDown."""
    return {"alertname": "AIProviderDown", "severity": "critical", "scope": "provider", "provider": provider}
