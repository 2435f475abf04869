"""What can happen, each with the truth that the headlines must tell at its end. Minutes count from the start."""

from aiprobe.core.outcomes import Outcome
from tests.dashboards.world import OK, SUBJECTS, Answer, Subject, World

MAJOR, PARTIAL, SILENT = "Major outages", "Partial or slow", "Silent outages"
US, UNPROBED, GOOD = "Is it us?", "Not probed", "Good probes, 5m"
WALL, TRUTH, SELF, INCIDENT = "aiprobe-wall", "aiprobe-truth", "aiprobe-self", "aiprobe-incident"
PROVIDER = "aiprobe-provider"
SURFACES = 6
CALM = {(WALL, MAJOR): 0.0, (WALL, PARTIAL): 0.0, (WALL, SILENT): 0.0, (WALL, US): 1.0, (WALL, UNPROBED): 0.0}


def _openai_down(minute: int, subject: Subject) -> Answer | None:
    down = subject.provider == "openai" and minute >= 120
    return Answer(Outcome.SERVER_ERROR) if down else OK


def _openai_admits(minute: int, provider: str, _surface: str) -> int | None:
    return 3 if provider == "openai" and minute >= 130 else 0


HEALTHY = World(
    name="healthy",
    truth=CALM | {(WALL, GOOD): 1.0, (TRUTH, "Silent time"): 0.0, (TRUTH, "Time compared"): 1.0,
                  (PROVIDER, "State now"): 0.0, (PROVIDER, "Others impaired"): 0.0, (SELF, "Journal"): 1.0,
                  (SELF, "Exporters scraped"): 1.0},
)  # fmt: skip
# The third bad probe in a row, at minute 122, makes it major: 58 minutes and the last one, seen at 59 whole minutes.
HARD_OUTAGE = World(
    name="hard outage, admitted ten minutes late",
    answer=_openai_down,
    page=_openai_admits,
    truth=CALM | {(WALL, MAJOR): 2.0, (PROVIDER, "State now"): 3.0, (PROVIDER, "Its page declares"): 3.0,
                  (TRUTH, "Silent time"): 2 * 8 * 60.0, (INCIDENT, "Time in outage"): 59 * 60.0,
                  (INCIDENT, "Bad probes"): 122.0, (PROVIDER, "Others impaired"): 0.0},
)  # fmt: skip
SILENT_PAGE = World(
    name="silent page",
    answer=_openai_down,
    truth=CALM | {(WALL, MAJOR): 2.0, (WALL, SILENT): 2.0, (TRUTH, "Silent time"): 2 * 59 * 60.0,
                  (PROVIDER, "Undeclared for"): 59 * 60.0},
)  # fmt: skip
BROWN_OUT = World(
    name="brown-out",
    answer=lambda minute, subject: Answer(first_token=8) if subject.provider == "openai" and minute >= 120 else OK,
    truth=CALM | {(WALL, PARTIAL): 2.0, (WALL, GOOD): 1.0, (PROVIDER, "State now"): 1.0},
)
RATE_LIMITED = World(
    name="rate-limit storm",
    answer=lambda minute, subject: (
        Answer(Outcome.RATE_LIMITED) if subject.provider == "openai" and minute >= 120 and minute % 3 else OK
    ),
    truth=CALM | {(WALL, GOOD): 1.0, (WALL, US): 2.0},
)
FALSE_ALARM = World(
    name="false alarm of a page",
    page=lambda minute, provider, _surface: 2 if provider == "openai" and 120 <= minute < 150 else 0,
    truth=CALM | {(TRUTH, "Only declared"): 2 * 30 * 60.0},
)
PROBER_DEAD = World(
    name="prober dead",
    alive=lambda minute: minute < 120,
    truth={(WALL, MAJOR): -1.0, (WALL, PARTIAL): -1.0, (WALL, SILENT): -1.0, (WALL, US): -1.0,
           (WALL, UNPROBED): float(SURFACES), (WALL, GOOD): None, (PROVIDER, "State now"): -1.0,
           (PROVIDER, "Its page declares"): -1.0, (SELF, "Exporters scraped"): 0.0, (SELF, "Journal"): -1.0},
)  # fmt: skip
ONE_REGION = World(
    name="one region of the provider",
    answer=lambda minute, subject: Answer(Outcome.OVERLOADED) if subject.region == "us" and minute >= 120 else OK,
    truth=CALM | {(WALL, PARTIAL): 1.0, (WALL, SILENT): 1.0},
)
ONE_VANTAGE = World(
    name="one vantage of two",
    beside=World(name="the other vantage", vantage="us", answer=_openai_down, recorded=False),
    truth=CALM | {(WALL, PARTIAL): 2.0, (WALL, SILENT): 2.0, (PROVIDER, "State now"): 2.0},
)
BUDGET_GONE = World(
    name="budget exhausted",
    answer=lambda minute, subject: None if minute >= 120 else OK,
    spent=5,
    truth={(WALL, MAJOR): -1.0, (WALL, UNPROBED): float(SURFACES), (WALL, US): 3.0, (WALL, GOOD): None,
           (SELF, "Budget used"): 1.0, (PROVIDER, "State now"): -1.0},
)  # fmt: skip
ALL_EXCLUDED = World(
    name="all attempts excluded",
    answer=lambda minute, subject: Answer(Outcome.AUTH) if subject.provider == "openai" and minute >= 120 else OK,
    truth=CALM | {(WALL, UNPROBED): 2.0, (WALL, US): 2.0, (PROVIDER, "State now"): -1.0},
)
EGRESS_DOWN = World(
    name="our own network down",
    answer=lambda minute, subject: Answer(Outcome.CONNECT) if minute >= 120 else OK,
    egress=lambda minute: minute < 120,
    truth={(WALL, MAJOR): -1.0, (WALL, US): 0.0, (WALL, UNPROBED): float(SURFACES), (WALL, GOOD): None},
)
PAGE_UNREADABLE = World(
    name="pages unreadable",
    page=lambda minute, provider, surface: 0 if minute < 120 else None,
    truth=CALM | {(WALL, SILENT): -1.0, (PROVIDER, "Its page declares"): -1.0},
)
NO_RULES = World(name="without recording rules", recorded=False, truth=CALM)
BRAND_NEW = World(name="brand-new install", minutes=2, truth=CALM)
NOTHING = World(
    name="nothing at all",
    alive=lambda minute: False,
    truth={(WALL, MAJOR): -1.0, (WALL, PARTIAL): -1.0, (WALL, SILENT): -1.0, (WALL, US): -1.0, (WALL, UNPROBED): -1.0,
           (WALL, GOOD): None, (PROVIDER, "State now"): -1.0, (SELF, "Configuration"): -1.0},
)  # fmt: skip

SCENARIOS = (
    HEALTHY, HARD_OUTAGE, SILENT_PAGE, BROWN_OUT, RATE_LIMITED, FALSE_ALARM, PROBER_DEAD, ONE_REGION, ONE_VANTAGE,
    BUDGET_GONE,
    ALL_EXCLUDED, EGRESS_DOWN, PAGE_UNREADABLE, NO_RULES, BRAND_NEW, NOTHING,
)  # fmt: skip

FLEET = World(
    name="fleet",
    minutes=45,
    subjects=[
        Subject(
            f"t{provider}-{model}", f"p{provider}", f"Provider {provider}", f"surface {model % 2}", f"model-{model}"
        )
        for provider in range(12)
        for model in range(40)
    ],
    answer=lambda minute, subject: (
        Answer(Outcome.SERVER_ERROR) if subject.target.endswith("7") and minute % 5 == 0 else OK
    ),
)
"""12 providers with 40 models each: what a panel must bear."""

assert len({(one.provider, one.surface) for one in SUBJECTS}) == SURFACES
