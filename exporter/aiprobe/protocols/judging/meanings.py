"""What codes and words mean: one table for every vendor. How far each is trusted is decided in `errors`.

Codes are matched squashed (`ErrorFacts.codes`), words in lower case. No pattern repeats a repetition without a bound:
whatever a stranger sends is read in linear time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiprobe.protocols.judging.errorfacts import ErrorFacts


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that an error may mean, by code and by phrase."""

    codes: re.Pattern[str]
    phrases: re.Pattern[str]

    def by_code(self, facts: ErrorFacts) -> bool:
        """Return whether a code has this meaning."""
        return any(map(self.codes.search, facts.codes))

    def by_phrase(self, facts: ErrorFacts) -> bool:
        """Return whether the words outside of quotations have this meaning."""
        return self.phrases.search(facts.words) is not None

    def matches(self, facts: ErrorFacts) -> bool:
        """Return whether a code or the words have this meaning."""
        return self.by_code(facts) or self.by_phrase(facts)


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives) if alternatives else "(?!)")


def _meaning(*, codes: Sequence[str] = (), phrases: Sequence[str] = ()) -> Meaning:
    return Meaning(_any(*codes), _any(*phrases))


_BACKENDS: Final = (
    r"(?:upstream|deployment|endpoint|instance|channel|back-?end|worker|replica|node|host|server|provider|target|pod"
    r"|engine|model server|gpu|runner|peer|slot|executor|route target|machine)s?\b"
)
_USABLE: Final = r"(?:healthy|available|ready|live|alive|active|online|running|working|usable|eligible|free|idle)"

NO_BACKEND: Final = _meaning(
    codes=(
        (
            r"no(?:healthy|available|active|live)(?:upstream|deployment|endpoint|instance|channel|backend|worker"
            r"|provider|host|server|replica|node|account)"
        ),
        r"nodeploymentsavailable|getchannelfailed|alldeployments|allupstreams|nobackend",
    ),
    phrases=(
        rf"\bno (?:currently |other |more )?{_USABLE} (?:[\w-]+ ){{0,2}}{_BACKENDS}",
        rf"\bno (?:[\w-]+ ){{0,2}}{_BACKENDS} (?:(?:is|are|was|were|currently|left|that) ){{0,2}}{_USABLE}",
        rf"\b(?:zero|0|none of the) (?:{_USABLE} )?{_BACKENDS} (?:(?:is|are) )?{_USABLE}",
        (
            rf"\ball (?:of )?(?:the )?(?:[\w-]+ ){{0,2}}{_BACKENDS} (?:(?:for|of|in|behind) "
            rf"(?:[\w-]+ ){{1,5}}?)?(?:(?:are|is|were|have|has|currently|been) ){{0,3}}(?:in "
            r"|on )?(?:cool(?:ing)? ?down|cooling|down|unhealthy|unavailable|failed|failing|busy|offline"
            r"|unreachable|saturated|exhausted)"
        ),
        r"\bno available (?:accounts|keys)\b",
        r"\bno models? (?:is |are )?(?:currently )?available\b(?! (?:named|called|with))",
        rf"\bno {_BACKENDS} (?:could|can) (?:serve|handle|accept|take|process)",
        (
            r"\b(?:could(?: not|n.t)|cannot|unable to|failed to) (?:find|get|select|pick|acquire) (?:an? "
            rf"|any )?{_USABLE} (?:[\w-]+ ){{0,2}}{_BACKENDS}"
        ),
        r"无可用(?:的)?(?:渠道|实例|节点|供应商|账号|通道|服务)|没有可用(?:的)?(?:渠道|实例|节点|供应商|账号|通道|服务)",
    ),
)
"""A router has no backend for the request. OpenRouter's "no endpoints found" is a model that does not exist, and
what matches no data policy is the user's own setting."""
USERS_OWN_CHOICE: Final = re.compile(r"data policy|guardrail|routing requirements|matching your|allowed providers")
NO_SUCH_ROUTE: Final = r"\byou passed in model=.{0,200}? there (?:is|are) no\b"
"""LiteLLM has no deployment of this name: "There are no healthy deployments for this model". Deployments that exist and
fail are "No deployments available for selected model". Source: `_common_checks_available_deployment` and
`async_get_healthy_deployments` in router.py of LiteLLM 1.108.7, read on 2026-11-29."""

OVERLOAD: Final = _meaning(
    codes=(
        r"overload|unavailable(?!forlegal)|outofcapacity|capacityexceeded|nocapacity",
        r"insufficientcapacity|modelnotready|^3505$|insufficientsystemresource|enginebusy|serverbusy",
        r"systembusy|modelbusy",
    ),
    phrases=(
        r"overload|\bunavailable\b",
        r"\b(?:out of|at|over|no|no more|not enough|insufficient|exceed(?:s|ed)?) (?:\w+ )?capacity\b",
        r"capacity (?:(?:was|is|has|been|temporarily|currently) ){0,3}(?:exceeded|exhausted|reached|full)",
        r"负载已饱和|负载已满|服务过载|访问量过大",
    ),
)
BUSY: Final = _any(
    r"high demand|(?:high|heavy|peak) (?:traffic|load)|繁忙",
    (
        r"\b(?:server|system|engine|model|service|cluster|gpu)s? (?:is |are )?(?:(?:currently|too|very|now"
        r"|so) ){0,2}busy"
    ),
)
"""Words of an overload that throttles use as an excuse: they count where nothing names a throttle."""

SPENT: Final = _meaning(
    codes=(
        r"insufficient\w*?quota|billing|(?<!su)spend|ramplimit|budget|payment|creditlimit|outofcredit",
        r"creditsexhausted|insufficient\w*?(?:credit|balance|fund)|arrear|overdue|quotafailed",
        r"balancenotenough|notenoughbalance|lowbalance|quotaexhausted|resourcepackexhausted",
        r"freetieronly|keylimitexceeded",
    ),
    phrases=(
        r"credit balance",
        (
            r"(?:account|your|user|wallet|current|remaining) balance (?:is |was )?(?:too |not )?(?:low"
            r"|insufficient|enough|empty|zero|negative|0\b)"
        ),
        r"balance is (?:insufficient|too low|not enough|empty)",
        (
            r"(?:insufficient|not enough|ran out of|run out of|out of) (?:account |user |prepaid |api "
            r"|available )?(?:credits?|balance|funds)\b"
        ),
        r"\bno (?:more |remaining )?(?:credits?|balance|funds)(?: left| remaining| available)?\b",
        r"low (?:credits?|balance|funds)",
        (
            r"credits? (?:limit |balance |\w+ )?(?:is |are |was |were |has been |have been )?(?:exhausted"
            r"|depleted|required|exceeded|used up|expired|insufficient)"
        ),
        (
            r"\bused (?:up )?(?:all )?(?:of )?(?:(?:your|the|its|available|included|remaining|free|prepaid"
            r"|monthly) ){0,3}credits"
        ),
        (
            r"exceed(?:s|ed|ing)? (?:your|the|its|their) (?:(?:current|monthly|included|account|organization"
            r"|project|total|free|daily) ){0,3}(?:quota|credits?|budget|spend\w*|billing)"
        ),
        r"(?:spend|spending|billing|credit|payment)s? (?:hard |soft )?(?:limit|cap|quota)s?",
        r"monthly budget",
        (
            r"\bkey(?:'s)? (?:total |usage |daily |monthly |weekly |credit )?limit (?:is |was "
            r"|has been )?(?:exceeded|reached)"
        ),
        r"(?:enable|check|plans?) (?:\w+ )?(?:&|and)? ?billing|billing to be enabled",
        r"billing (?:\w+ )?(?:not (?:active|enabled|set up)|inactive|disabled|required|details|issue)",
        r"overdue (?:balance|payment|invoice|bill)|past invoices|in arrears",
        r"unpaid (?:invoice|balance|bill)|payment (?:is )?required|payment_instrument",
        r"(?:top up|recharge|add (?:more )?(?:credits?|funds)) |余额不足|欠费|额度(?:已)?(?:不足|用尽|耗尽|用完)",
        r"配额(?:已)?(?:不足|用尽|耗尽|用完)|充值",
    ),
)
"""Money or a plan has run out: phrases that only describe the client's account."""
QUOTA: Final = _meaning(
    codes=(r"quotaexceeded|exceededquota|usagelimit|setlimitexceeded|dailylimit|monthlylimit|quotareached",),
    phrases=(
        r"(?:insufficient|not enough|no|out of|low|ran out of) (?:\w+ ){0,2}quota\b",
        r"quota (?:has been |was |is |limit |has )?(?:exceeded|exhausted|reached|used up|depleted)",
        r"exceed(?:s|ed|ing)? (?:your|the|its|their|our|a) (?:\w+ ){0,3}(?:quota|credits?|budget|spend)",
        r"(?:budget|usage) (?:hard |soft )?(?:limit|cap|quota)s?",
        r"(?:daily|monthly|weekly) (?:\w+ ){0,2}(?:limit|quota|cap|allowance)",
        r"limit (?:of \S+ )?(?:\w+ ){0,2}per (?:day|week|month)\b",
    ),
)
"""A quota without an owner: a server's own memory and disk have such limits as well, so a 5xx needs more."""
QUOTA_WORDS: Final = _any(
    r"\bquotas?\b|\bbilling\b|\bcredits?\b|\bspend(?:ing)?\b|\bpayment\b|\binsufficient balance",
)

THROTTLE: Final = _meaning(
    codes=(
        r"ratelimit|throttl|toomanyrequests|slowdown|requestlimit|concurrencylimit|limitrequests",
        r"limitburstrate|requestratetoolarge|(?:qps|rpm|tpm|rps|tps)(?:limit|overflow|exceed|rate)",
    ),
    phrases=(
        r"rate[ -]?limit",
        r"too many (?:\w+ ){0,2}(?:requests|calls|connections|tries|attempts)|throttl",
        r"(?<!per )\brequests?(?:[ -](?:rate|count|frequency|volume|quota|per (?:minute|second|hour|day)))? limits?\b",
        r"limit (?:on|of|for) (?:the )?(?:number of )?(?:\w+ )?(?:requests|calls)\b",
        r"concurren(?:t|cy) (?:\w+ )?(?:limit|requests? (?:limit|exceed))",
        r"(?:limit|exceed\w*|maximum) (?:\w+ ){0,2}concurren",
        (
            r"(?:exceed(?:s|ed)|reached|hit) (?:the |your |its )?(?:\w+ ){0,2}(?:requests?|tokens?"
            r"|calls?)(?: per |/)(?:second|minute|min|hour|day)"
        ),
        r"\b(?:qps|rpm|tpm|rps|tps)\b(?: rate)? (?:limit|exceed|request limit)|slow(?:ing)? down",
        r"request (?:rate|frequency|volume) (?:\w+ ){0,2}(?:too (?:high|fast|large)|exceed|increased)",
        r"requests? (?:is |are )?too (?:frequent|fast)",
        r"请求(?:过多|频繁|过于频繁|次数过多)|限流|频率(?:过高|限制|超限)|速率限制",
        r"并发(?:数)?(?:过高|超限|超过)",
    ),
)
THROTTLE_OF_ACCOUNT: Final = _any(
    r"\byour? (?:(?!limit)[\w']+ ){0,6}(?:rate|request|token|concurrency|tpm|rpm)[ -]?limits?\b",
    r"rate limit (?:reached|exceeded|hit) for \S+(?: \S+){0,3} (?:in|of|on) organization",
    r"organization's rate limit",
)
"""Throttle words that name the client's own limits: accepted with a 5xx."""
THROTTLE_WORDS: Final = re.compile(r"rate[ -]?limit|too many (?:\w+ )?requests|throttl|concurren")
SHORT_OR_LONG: Final = _any(
    r"(?P<short>per[ _-]?(?:second|minute|min|hour)(?![a-z])|\b[rt]p[ms]\b|/ ?min(?:ute)?\b)",
    r"(?P<long>per[ _-]?(?:day|week|month)(?![a-z])|\b[rt]pd\b|\bdaily\b|\bmonthly\b|\bweekly\b)",
)
"""The span of a limit; the first one that is named holds, for messages go on about plans and prices."""
QUOTED_429: Final = _any(
    (
        r"\b(?:status|code|http|https|returned|got|response|received|error|failed|upstream|with"
        r"|statuscode)\b['\")]{0,2}\s{0,2}[:=(\[-]{0,2}\s{0,2}['\"]?(?:status|code|status code|http"
        r"|error)?[:=\s]{0,3}429\b(?! tokens)"
    ),
    r"\b429\b[\s:)\],'\"-]{0,4}(?:too many|client error|resource|rate|quota|throttl|request)",
    r"(?:status|code|statuscode)['\"\\]{1,3}: ?['\"\\]{0,3}429\b|\[429\b|\(429\)",
)
"""A gateway quotes the 429 of its provider: in the whole message, quotations included."""

FILTER: Final = _meaning(
    codes=(
        r"contentfilter|contentpolicy|contentmoderation|responsibleai|policyviolation|biopolicy",
        r"cyberpolicy|invalidprompt|promptblocked|prohibitedcontent|datainspection|sensitivecontent",
        r"contentsafety|contentrisk|contentblocked|moderationblocked",
    ),
    phrases=(
        r"content exists risk|content violates|flagged by (?:our |the )?(?:content|moderation|safety)",
        r"content management policy",
    ),
)
BAD_KEY: Final = _meaning(
    codes=(
        r"authentication|unauthenticated|unauthori[sz]ed|apikey(?:invalid|expired)|invalid\w*?apikey",
        r"invalidapitoken|authfailure|invalidcredential|expiredapikey",
    ),
    phrases=(
        (
            r"\b(?:incorrect|invalid|missing|expired|wrong|malformed|revoked|disabled) (?:x-)?(?:api|subscription"
            r"|access)[ -]?(?:key|token)\b"
        ),
        (
            r"(?:api|subscription|access)[ -]?(?:key|token) (?:\S+ )?(?:is |was |has been |has )?(?:not valid"
            r"|invalid|expired|not found|incorrect|missing|revoked|disabled|wrong|required)"
        ),
        r"(?:no|without an?) (?:valid )?api[ -]?key (?:provided|found|passed|supplied|given)",
        r"didn't provide an api key|authentication (?:fails|failed|failure)",
        r"invalid (?:authentication|credentials)|令牌(?:无效|已过期|不存在)|(?:密钥|token)(?:无效|错误|已过期)",
    ),
)
BAD_KEY_FOR_SURE: Final = re.compile(
    r"\b(?:incorrect|invalid|expired) (?:x-)?api[ -]?key\b|api[ -]?key (?:is )?(?:not valid|invalid|expired|incorrect)"
)
"""Words of a key that are read under a 5xx: a server's own database refuses passwords as well."""
NO_KEYS_TO_LOOK_UP: Final = _meaning(codes=(r"^nodbconnection$",))
"""LiteLLM without a database refuses each key but the master key as a 400 with this type; under a 5xx its database is
down. Source: user_api_key_auth.py and exception_handler.py of LiteLLM 1.108.7, read on 2026-11-29."""
NO_ACCESS: Final = _meaning(
    codes=(r"permission|forbidden|accessdenied|invalidtoken|expiredtoken|mismatchedorganization",),
)
ABOUT_REQUEST: Final = _meaning(
    codes=(r"invalidrequest|invalidargument|validation|notfound|badrequest",),
)
NO_MODEL: Final = _meaning(
    codes=(
        r"modelnotfound|deploymentnotfound|modelnotexist|unknownmodel|nosuchmodel|invalidmodel",
        r"modelnotsupported|unsupportedmodel|modeldecommissioned|endpointormodel|modeldoesnotexist",
        r"modelnotopen|modelnotavailable",
    ),
    phrases=(
        r"\bmodels? (?:\S+ ){0,5}?(?:does not|doesn't|do not|not) exist\b|not a valid model",
        r"\bmodels? (?:\S+ ){0,3}?(?:was |is |were )?not (?:be )?found\b",
        (
            r"\b(?:invalid|unknown|unrecognized|no such|unsupported|nonexistent) models?\b(?! (?:output|response"
            r"|parameter|input))"
        ),
        r"supported (?:api )?models? names are",
        (
            r"\bmodel (?:\S+ ){0,3}?(?:is not (?:supported by|available|found|valid|loaded|served|deployed)"
            r"|has been (?:decommissioned|deprecated|retired|removed|shut down))"
        ),
        NO_SUCH_ROUTE,
        r"\bno model (?:named|called|with)|模型不存在|不存在的模型",
    ),
)
SERVER_FAULT: Final = _meaning(
    codes=(r"backenderror|internalerror|internalserver|^servererror|internalfailure|upstreamerror$",),
)

STOPPED: Final = _any(
    (
        r"\b(?:web ?)?(?:app|application|site|website|service|server|instance|container|space|deployment"
        r"|endpoint|function|project|tunnel|machine) (?:(?:is|was|has been|currently|temporarily"
        r"|now) ){0,3}(?:stopped|suspended|paused|disabled|offline|not running|asleep|sleeping|shut ?down"
        r"|turned off|unpublished|expired|scaled (?:down )?to zero)"
    ),
)
NOT_THE_API: Final = _any(
    r"no route matched|application not found|no such app|default backend|there is nothing here yet",
    r"tunnel \S+ not found|missing authentication token|service not found|no healthy",
    r"host not found|unknown host|no matching route|site not found|app not found",
    r"upstream not found|no ingress|not found: no route",
)
"""What gateways and platforms answer in JSON when nothing stands behind them (Kong, Railway, API Gateway, Ingress)."""
OUT_OF_TOKENS: Final = re.compile(r"token|length|max_?output|max_?completion|output limit")
