"""Errors under a status: what the body states outranks the status that carries it.

The bodies are shaped like those in public reports about gateways, inference servers and providers; words and names are
our own. `PAGES` come from what stands in front of an API.
"""
# ruff: noqa: E501, RUF001 - bodies stay as they are sent

from typing import Any, Final

from aiprobe.core.outcomes import Outcome

OVERLOADED, SERVER, RATE, QUOTA = (
    Outcome.OVERLOADED,
    Outcome.SERVER_ERROR,
    Outcome.RATE_LIMITED,
    Outcome.QUOTA_EXHAUSTED,
)
AUTH, NOT_FOUND, BAD, FILTERED = Outcome.AUTH, Outcome.NOT_FOUND, Outcome.BAD_REQUEST, Outcome.CONTENT_FILTERED


def error(message: str = "", **fields: Any) -> dict[str, Any]:
    """Return an error object in the envelope that most providers share."""
    return {"error": {"message": message, **fields}}


def claude(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


NO_BACKENDS: Final[list[tuple[int, Any]]] = [
    (429, error("No models available")),
    (503, error("No available accounts")),
    (
        429,
        error(
            "No deployments available for selected model, Try again in 60 seconds. Passed model=gpt-4. pre-call-checks=False",
            code="429",
            type="None",
            param="None",
        ),
    ),
    (429, error("litellm.RateLimitError: No healthy deployment available, passed model=m", code="429")),
    (
        429,
        error(
            "No deployments available for selected model. Passed model=m. Deployments={'a': 'healthy deployments for this model'}",
            type="throttling_error",
            code="429",
        ),
    ),
    (
        429,
        error(
            "No deployments available for selected model, Try again in 60 seconds. Passed model=m. pre-call-checks=False, cooldown_list=['5cf0']",
            code="429",
        ),
    ),
    (400, error("There are no healthy deployments for model m right now")),
    (429, error("All deployments are in cooldown. Try again in 5 seconds", code="429")),
    (429, error("All deployments for the model group are cooling down", type="throttling_error", code="429")),
    (429, "no healthy upstream"),
    (404, "no healthy upstream"),
    (404, error("no healthy upstream for cluster vllm")),
    (503, "no healthy upstream"),
    (500, "no healthy upstream"),
    (502, "no live upstreams while connecting to upstream"),
    (429, {"detail": "No available workers (all circuits open or unhealthy)"}),
    (400, {"detail": "No available backend for model m"}),
    (404, {"error": "No endpoints available for this model right now"}),
    (422, {"message": "no instance available"}),
    (
        403,
        error(
            "no available channel for model gpt-4 under group default (distributor)",
            type="new_api_error",
            code="model_not_found",
        ),
    ),
    (503, error("No available channel for model m under group default", type="new_api_error", code="model_not_found")),
    (429, error("当前分组 default 下对于模型 gpt-4 无可用渠道", type="one_api_error")),
    (404, error("没有可用的渠道", type="one_api_error")),
    (429, error("当前分组上游负载已饱和，请稍后再试", type="requests", code="rate_limit_exceeded")),
    (500, error("没有可用的实例", type="server_error")),
    (429, error("No healthy instances available", type="rate_limit_error")),
    (429, error("There are currently no available providers for this model")),
    (404, error("no running replicas for model m")),
    (400, error("Unable to find a healthy deployment for m")),
    (403, error("None of the backends are available")),
    (429, error("all upstreams are unhealthy")),
    (429, error("All endpoints of the pool are down")),
    (429, error("All workers are busy", code="no_available_worker")),
    (404, error("no server is available to handle this request")),
    (429, error("No nodes available to serve the model")),
    (429, error("no available accounts: all of them are rate limited")),
    (429, {"error": "no slot available"}),
    (500, error("no healthy deployment", code="no_healthy_deployment")),
    (429, error("No GPU available, please retry", code=429)),
    (400, error("could not find an available upstream")),
    (400, error("failed to get available channel", code="get_channel_failed")),
    (429, error("No model server available")),
    (404, error("No host is available for route llm")),
    (429, error("no ready pods for service predictor")),
]
FULL: Final[list[tuple[int, Any]]] = [
    (429, error("The engine is currently overloaded, please try again later", type="engine_overloaded_error")),
    (429, error("Server is at capacity", code="rate_limit")),
    (429, error("该模型当前访问量过大，请您稍后再试", code="1305")),
    (
        429,
        {
            "error": {
                "code": "ServerOverloaded",
                "message": "The service is currently unable to handle additional requests",
            }
        },
    ),
    (400, {"error": {"code": "ModelNotReadyException", "message": "m"}}),
    (403, error("m", type="overloaded_error")),
    (400, error("busy", code=503)),
    (404, error("m", status="UNAVAILABLE", code=503)),
    (429, error("We are seeing very high demand right now. Please retry.")),
    (429, error("The system is too busy now")),
    (503, error("Rate limit reached, please retry")),
    (503, "Too many requests"),
    (529, error("too many requests", type="busy")),
    (529, error("throttled")),
    (503, error("Slow down", type="server_error")),
    (503, {"code": 50505, "message": "Model service overloaded. Please try again later.", "data": None}),
    (500, {"code": 50603, "message": "System is too busy now. Please try again later."}),
    (503, error("Loading model", type="unavailable_error", code=503)),
    (500, {"error": "Model too busy, unable to get response in less than 60 second(s)"}),
    (502, error("upstream is overloaded")),
    (503, error("disk quota exceeded")),
    (503, {"error": "The model is currently loading", "estimated_time": 20.0}),
    (500, error("litellm.ServiceUnavailableError: VertexAI - the model is restarting", code="500")),
    (
        500,
        error(
            "litellm.InternalServerError: AnthropicException - Overloaded. Handle with `litellm.InternalServerError`.",
            code="500",
        ),
    ),
    (424, {"message": "m", "originalStatusCode": 503, "code": "ModelNotReadyException"}),
    (503, error("")),
    (503, {}),
    (503, error("Service Unavailable, the database is not reachable", type="no_db_connection", code="503")),
]
SERVER_ERRORS: Final[list[tuple[int, Any]]] = [
    (500, error("password authentication failed for user litellm")),
    (500, error("access token of the metadata service is missing")),
    (
        499,
        error(
            "The operation was cancelled.",
            code=499,
            status="CANCELLED",
            errors=[{"reason": "backendError", "domain": "global"}],
        ),
    ),
    (499, [error("m", code=499, status="CANCELLED", errors=[{"reason": "backendError"}])]),
    (400, error("Internal server error", type="internal_server_error", code=500)),
    (404, error("upstream failed", code="internal_error")),
    (400, error("m", type="server_error")),
    (500, error("Too many requests waiting for the disk")),
    (500, error("disk quota exceeded")),
    (500, error("the memory budget of the process is exhausted")),
    (500, "exceeded quota: compute-resources, requested: pods=1"),
    (502, error("rate limiter crashed")),
    (500, error("used 429 tokens and then failed")),
    (500, error("connection reset after 429 ms")),
    (500, error("CUDA out of memory", type="InternalServerError", code=500)),
    (504, error("upstream request timeout")),
    (500, "Internal Server Error"),
    (502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"),
    (500, error("litellm.APIConnectionError: OpenAIException - Connection error.", code="500")),
    (500, claude("api_error", "Internal server error")),
    (500, {"detail": "RuntimeError: worker died"}),
    (500, error("billing service lookup: context canceled", code=500)),
]
THROTTLES: Final[list[tuple[int, Any]]] = [
    (
        500,
        error(
            'litellm.RateLimitError: AnthropicException - {"type":"error","error":{"type":"rate_limit_error","message":"slow"}}',
            code="500",
        ),
    ),
    (500, error("Error code: 429 - {'error': {'message': 'Rate limit reached', 'type': 'requests'}}")),
    (500, error("upstream returned 429 Too Many Requests")),
    (502, error("bad response status code 429", code="bad_response_status_code", type="bad_response_status_code")),
    (500, error("provider responded with HTTP 429")),
    (503, error("upstream error: status code: 429")),
    (500, {"error": {"message": "m", "code": 429}}),
    (500, {"code": 429, "message": "m"}),
    (500, error("[429 Too Many Requests] Resource has been exhausted (e.g. check quota).")),
    (502, error("m", code="rate_limit_exceeded")),
    (503, error("m", code="slow_down")),
    (500, error("m", type="throttling_error")),
    (500, {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded"}),
    (500, error("You have exceeded your rate limit")),
    (500, error("Rate limit reached for m in organization org-x")),
    (500, {"error": {"message": 'request failed: {"error":{"code":"rate_limit_exceeded","message":"m"}}'}}),
    (403, error("You have reached the request limit for this key")),
    (403, error("Request limit exceeded", code="request_limit_exceeded")),
    (403, {"message": "API rate limit exceeded for user ID 7"}),
    (403, {"message": "You have exceeded a secondary rate limit"}),
    (403, error("Too many concurrent requests")),
    (403, error("m", status="PERMISSION_DENIED", errors=[{"reason": "rateLimitExceeded"}])),
    (403, error("userRateLimitExceeded", errors=[{"reason": "userRateLimitExceeded"}])),
    (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
    (400, {"code": "TooManyRequests", "message": "m"}),
    (400, error("m", code="1302")),
    (400, error("您的账户已达到速率限制，请您控制请求频率", code="1302")),
    (401, error("rate limit exceeded: 3 requests per minute")),
    (404, error("qps limit reached", code="qps_limit")),
    (
        413,
        error(
            "Request too large on tokens per minute (TPM): Limit 6000, Requested 9000",
            type="tokens",
            code="rate_limit_exceeded",
        ),
    ),
    (422, {"detail": "Too many requests"}),
    (429, error("Rate limit exceeded due to high demand, please slow down")),
    (429, error("We are experiencing high demand and limit requests: rate limit reached for free users")),
    (
        429,
        {
            "message": "Requests per minute limit exceeded - too many requests sent.",
            "type": "too_many_requests_error",
            "param": "quota",
            "code": "request_quota_exceeded",
        },
    ),
    (
        429,
        {
            "message": "Tokens per minute limit exceeded",
            "type": "too_many_tokens_error",
            "param": "quota",
            "code": "token_quota_exceeded",
        },
    ),
    (
        429,
        error(
            "Rate limit exceeded: free-models-per-min. Add 10 credits to unlock 1000 free model requests per day",
            code=429,
        ),
    ),
    (429, error("m", code="slow_down")),
    (429, {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}),
    (429, {"error_code": 18, "error_msg": "Open api qps request limit reached"}),
    (
        429,
        error("Your account reached max request: 3, please try again after 1 seconds", type="rate_limit_reached_error"),
    ),
    (
        429,
        {
            "error": {
                "code": "ModelAccountRpmRateLimitExceeded",
                "message": "RPM (Requests Per Minute) limit of the associated endpoint exceeded",
            }
        },
    ),
    (429, error("请求过于频繁，请稍后再试")),
    (429, {"code": 20, "message": "Request was rejected due to rate limiting. Details:TPM limit reached."}),
    (
        429,
        {
            "code": "Throttling.AllocationQuota",
            "message": "Allocated quota exceeded, please increase your quota limit: tokens per minute",
        },
    ),
    (409, error("m", code="rate_limited")),
]
SPENT: Final[list[tuple[int, Any]]] = [
    (403, error("There are no available credits in account 7; your balance is insufficient")),
    (500, claude("api_error", "insufficient balance (1008)")),
    (500, error("insufficient balance")),
    (500, error("Your credit balance is too low to access the API")),
    (500, error("m", code="insufficient_quota")),
    (
        500,
        error(
            "Error code: 429 - {'error': {'message': 'You exceeded your current quota', 'code': 'insufficient_quota'}}"
        ),
    ),
    (502, error("upstream: your account balance is insufficient")),
    (503, error("m", type="billing_error")),
    (503, error("insufficient credits")),
    (529, error("m", code="budget_exceeded")),
    (500, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
    (500, error("用户额度不足")),
    (500, error("litellm.BudgetExceededError: Budget has been exceeded", type="budget_exceeded", code="500")),
    (403, {"code": "INSUFFICIENT_BALANCE", "message": "m"}),
    (403, error("m", code="INSUFFICIENT_BALANCE")),
    (403, {"code": 30001, "message": "Sorry, your account balance is insufficient", "data": None}),
    (403, {"error": "Your team has either used all available credits or reached its monthly spending limit."}),
    (403, error("Key limit exceeded (monthly limit).", code=403)),
    (403, error("Key limit exceeded (total limit). Manage it in the settings", code=403)),
    (403, error("用户额度不足, 剩余额度: 0", code="insufficient_user_quota", type="new_api_error")),
    (403, error("预扣费额度失败, 用户剩余额度: 0", code="pre_consume_token_quota_failed", type="new_api_error")),
    (
        403,
        {
            "error": {
                "code": "AccountOverdueError",
                "message": "The request failed because your account has an overdue balance.",
            }
        },
    ),
    (403, {"code": "AllocationQuota.FreeTierOnly", "message": "The free tier of the model has been exhausted."}),
    (403, {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."}),
    (
        403,
        error(
            "This API method requires billing to be enabled.",
            status="PERMISSION_DENIED",
            details=[{"reason": "BILLING_DISABLED"}],
        ),
    ),
    (403, error("m", errors=[{"reason": "quotaExceeded"}])),
    (403, error("m", errors=[{"reason": "dailyLimitExceeded"}])),
    (403, {"message": "You have used all of your included credits"}),
    (
        401,
        error(
            "You exceeded your current quota, please check your plan and billing details.",
            type="insufficient_quota",
            code=401,
        ),
    ),
    (401, error("该令牌额度已用尽", type="one_api_error")),
    (400, error("m", code="1113")),
    (400, error("您的账户已欠费，请充值后重试", code="1113")),
    (404, error("Insufficient credits")),
    (
        412,
        {
            "error": "Account x is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices."
        },
    ),
    (422, error("m", code="quota_exceeded")),
    (403, error("Guthaben aufgebraucht", code="insufficient_credit")),
    (400, error("crédits épuisés", code="credits_exhausted")),
    (403, error("seuil atteint", code="QUOTA_EXCEEDED")),
    (429, error("残高不足", code="insufficient_funds")),
    (
        429,
        error(
            "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
            code=429,
        ),
    ),
    (
        429,
        error(
            "Rate limit reached for m on tokens per day (TPD): Limit 500000, Used 499000. Please try again in 7m12s.",
            code="rate_limit_exceeded",
        ),
    ),
    (
        429,
        {"message": "Tokens per day limit exceeded", "type": "too_many_tokens_error", "code": "token_quota_exceeded"},
    ),
    (429, {"error_code": 17, "error_msg": "Open api daily request limit reached"}),
    (429, error("m", code="1308")),
    (429, error("You have reached your monthly quota")),
    (429, {"error": {"code": "SetLimitExceeded", "message": "m"}}),
    (402, {"error": "You have exceeded your monthly included credits"}),
    (402, "Payment Required"),
    (402, error("Rate limit exceeded")),
]
KEYS: Final[list[tuple[int, Any]]] = [
    (401, {"detail": "No active account found with the given credentials"}),
    (500, error("upstream: invalid api key")),
    (400, error("API key not valid. Please pass a valid API key.", status="INVALID_ARGUMENT")),
    (400, {"error": "Incorrect API key provided: ab***yz"}),
    (400, error("m", code="invalid_api_key")),
    (400, error("No connected db.", type="no_db_connection", param=None, code="400")),
    (404, error("m", code="invalid_api_key")),
    (422, error("m", type="authentication_error")),
    (400, {"base_resp": {"status_code": 1004, "status_msg": "login fail"}}),
    (500, {"base_resp": {"status_code": 2049, "status_msg": "m"}}),
    (
        500,
        error(
            "litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided", code="500"
        ),
    ),
    (500, error("m", code="invalid_api_key")),
    (502, error("upstream: invalid x-api-key", type="authentication_error")),
    (429, error("m", code="invalid_api_key")),
    (400, error("令牌无效", code="invalid_api_key")),
    (400, error("clé refusée", code="invalid_api_key")),
    (400, {"code": "InvalidApiKey", "message": "No API-key provided."}),
    (401, error("身份验证失败。", code="1000")),
    (401, {"error_code": 110, "error_msg": "Access token invalid or no longer valid"}),
    (403, {"message": "Forbidden"}),
    (403, error("Country, region, or territory not supported", code="unsupported_country_region_territory")),
    (403, error("Your project has no access to this model", code="model_access_denied")),
    (
        403,
        error(
            "Generative Language API has not been used in project 1 before or it is disabled.",
            details=[{"reason": "SERVICE_DISABLED"}],
        ),
    ),
    (401, ""),
    (403, error("You must have billing access to view this")),
]
NO_MODEL: Final[list[tuple[int, Any]]] = [
    (400, {"object": "error", "message": "Invalid model: foo", "type": "invalid_model", "param": None, "code": "1500"}),
    (400, error("The model `foo` does not exist", type="invalid_request_error")),
    (400, error("foo/bar is not a valid model ID", code=400)),
    (400, error("Model not found: foo", code=400)),
    (400, error("Model Not Exist", type="invalid_request_error")),
    (400, error("The supported API model names are a or b, but you passed c.")),
    (400, error("Invalid model 'foo'. Permitted models can be found in the documentation.")),
    (400, error("The model `foo` has been decommissioned and is no longer supported.", code="model_decommissioned")),
    (400, error("m", code="model_not_supported", param="model")),
    (400, error("The requested model is not supported by any provider", param="model")),
    (400, {"code": 20012, "message": "Model does not exist. Please check it carefully.", "data": None}),
    (400, error("模型不存在，请检查模型代码。", code="1211")),
    (400, {"detail": "Model not found in the model list, uid: foo"}),
    (400, error("Unknown model foo")),
    (400, {"error": "model 'foo' not found, try pulling it first"}),
    (400, {"message": "The model foo was not found"}),
    (422, error("No such model: foo")),
    *(
        (
            400,
            error(f"{before}You passed in model={model}. {why}{after}", type=None, param=None, code="400"),
        )
        for model in ("m", "gpt-4.1-nano", "team/llama:8b", "a b", "")
        for why in ("There are no healthy deployments for this model", "There is no 'model_name' with this string")
        for before, after in (
            ("", ""),
            ("litellm.BadRequestError: ", " Received Model Group=m\nAvailable Model Group Fallbacks=None"),
            ("litellm.BadRequestError: OpenAIException - ", ""),
        )
    ),
    (
        400,
        error(
            "/chat/completions: Invalid model name passed in model=m. Call `/v1/models` to view available models for your key.",
            param="model",
            code="400",
        ),
    ),
    (404, error("Model not found")),
    (
        404,
        {
            "object": "error",
            "message": "The model `m` does not exist.",
            "type": "NotFoundError",
            "param": "model",
            "code": 404,
        },
    ),
    (404, error("No endpoints found for foo/bar.", code=404)),
    (404, error("No endpoints available matching your guardrail restrictions and data policy.", code=404)),
    (404, {"detail": "Not Found"}),
    (404, {"error": 'model "foo" not found, try pulling it first'}),
    (404, claude("not_found_error", "model: foo")),
    (
        404,
        error(
            "models/foo is not found for API version v1beta, or is not supported for generateContent.",
            code=404,
            status="NOT_FOUND",
        ),
    ),
]
BAD_REQUESTS: Final[list[tuple[int, Any]]] = [
    (400, error("too many tokens: the prompt cannot exceed 4081 tokens")),
    (400, error("maximum tokens per request limit is 8192")),
    (400, error("This model's maximum context length is 8192 tokens", code="context_length_exceeded")),
    (400, error("request size limit of 4 MB")),
    (400, error("messages: quota exceeded, no healthy upstream", param="messages")),
    (400, error("Invalid content: 'no deployments available', 'rate limit exceeded'")),
    (400, error("Invalid model parameter: top_p")),
    (400, error("Unsupported value: temperature is not supported with this model", param="temperature")),
    (400, error("This model does not support tools")),
    (400, error("Unknown tool rate_limiter_config")),
    (422, {"detail": [{"loc": ["body", "messages"], "msg": "field required", "type": "missing"}]}),
    (413, error("Request entity too large")),
    (405, {"detail": "Method Not Allowed"}),
    (415, "Unsupported Media Type"),
    (400, "<html><title>400 Bad Request</title></html>"),
    (499, error("m", status="CANCELLED", code=499)),
    (400, error("max_tokens is too large: the limit of the model is 4096")),
]
FILTERS: Final[list[tuple[int, Any]]] = [
    (400, {"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}),
    (400, {"code": "DataInspectionFailed", "message": "m"}),
    (400, error("Content Exists Risk", type="invalid_request_error", code="invalid_request_error")),
    (403, error("Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO")),
    (400, error("m", code="1301")),
    (400, {"error": {"code": "InputTextSensitiveContentDetected", "message": "m"}}),
    (400, {"base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}}),
]
STOPPED_PAGE = "<!DOCTYPE html><html><head><title>Web App - Unavailable</title><style>h1{}</style></head><body><h1>Error 403 - This web app is stopped.</h1></body></html>"
PAGES: Final[list[tuple[int, Any, Outcome]]] = [
    (404, "404 page not found", NOT_FOUND),
    (404, "404 page not found\n", NOT_FOUND),
    (404, "", NOT_FOUND),
    (404, "Not Found", NOT_FOUND),
    (404, "default backend - 404", NOT_FOUND),
    (404, "<html><head><title>404 Not Found</title></head><body><center>nginx/1.25</center></body></html>", NOT_FOUND),
    (404, "<!DOCTYPE html><html><head><title>404 Web Site not found</title></head></html>", NOT_FOUND),
    (404, "<html><body>Error 404 - This Container App is stopped or does not exist.</body></html>", NOT_FOUND),
    (
        404,
        "<!DOCTYPE html><html><head><title>ngrok</title></head><body>Tunnel a.test not found ERR_NGROK_3200</body></html>",
        NOT_FOUND,
    ),
    (404, "The deployment could not be found on this platform.\n\nDEPLOYMENT_NOT_FOUND\n\nfra1::abc", NOT_FOUND),
    (404, "no such app", NOT_FOUND),
    (404, {"message": "no Route matched with those values", "request_id": "k"}, NOT_FOUND),
    (404, {"status": "error", "code": 404, "message": "Application not found", "request_id": "r"}, NOT_FOUND),
    (404, {"message": "no matching route"}, NOT_FOUND),
    (404, "Cannot POST /v1/chat/completions", NOT_FOUND),
    (404, "<!DOCTYPE html><pre>Cannot POST /v1/messages</pre>", NOT_FOUND),
    (403, STOPPED_PAGE, AUTH),
    (403, "<html><head><title>Site Disabled</title></head><body>This website has been suspended.</body></html>", AUTH),
    (403, "<html><body><h2>This application is currently stopped</h2></body></html>", AUTH),
    (403, "<html><body>The app has been paused by its owner.</body></html>", AUTH),
    (403, "The service is stopped", AUTH),
    (403, {"message": "Missing Authentication Token"}, AUTH),
]
NO_PAGES: Final[list[tuple[int, Any, Outcome]]] = [
    (403, "<html><head><title>403 Forbidden</title></head><body>nginx</body></html>", AUTH),
    (403, "<html><body>Access from your network is blocked by policy</body></html>", AUTH),
    (403, "", AUTH),
    (401, "<html><body>The app is stopped</body></html>", AUTH),
    (404, {"detail": "Not Found"}, NOT_FOUND),
    (404, {"error": {"message": "Invalid URL (POST /v1/foo)", "type": "invalid_request_error"}}, NOT_FOUND),
    (404, {}, NOT_FOUND),
    (405, "<html><title>405 Not Allowed</title></html>", BAD),
    (500, "<html><body>This web app is stopped</body></html>", SERVER),
    (503, "<html><body>This web app is stopped</body></html>", OVERLOADED),
    (404, error("Model not found"), NOT_FOUND),
    (403, error("This account is suspended", type="permission_error"), AUTH),
]
CASES: Final[list[tuple[int, Any, Outcome]]] = [
    *((status, body, OVERLOADED) for status, body in NO_BACKENDS + FULL),
    *((status, body, SERVER) for status, body in SERVER_ERRORS),
    *((status, body, RATE) for status, body in THROTTLES),
    *((status, body, QUOTA) for status, body in SPENT),
    *((status, body, AUTH) for status, body in KEYS),
    *((status, body, NOT_FOUND) for status, body in NO_MODEL),
    *((status, body, BAD) for status, body in BAD_REQUESTS),
    *((status, body, FILTERED) for status, body in FILTERS),
]
