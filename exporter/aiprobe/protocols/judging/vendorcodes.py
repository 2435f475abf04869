"""Numbers that vendors send in place of names, as the words that the rest of the room reads.

Sources, read on 2026-11-29: MiniMax, "Error Code Summary"; Zhipu, "Error codes"; SiliconFlow, "Error handling";
Baidu Qianfan, "Error codes"; iFlytek Spark, "Error codes".
"""

from collections.abc import Mapping
from typing import Final

MINIMAX: Final[Mapping[int, str]] = {
    1002: "rate_limit",
    1004: "invalid_api_key",
    1008: "insufficient_balance",
    1026: "content_filter",
    1027: "content_filter",
    1039: "rate_limit",
    1041: "rate_limit",
    2045: "rate_limit",
    2049: "invalid_api_key",
    2056: "usage_limit",
}
"""`base_resp.status_code`; its compatible endpoints put it at the end of the message, in parentheses."""

OTHERS: Final[Mapping[int, str]] = {
    **dict.fromkeys((1000, 1001, 1002, 1003, 1004), "invalid_api_key"),  # Zhipu
    1113: "insufficient_balance",
    1211: "model_not_found",
    1301: "content_filter",
    1302: "rate_limit",
    1303: "rate_limit",
    1304: "quota_exceeded",
    1305: "overloaded",
    1308: "usage_limit",
    1309: "quota_exceeded",
    1310: "usage_limit",
    20012: "model_not_found",  # SiliconFlow
    30001: "insufficient_balance",
    50505: "overloaded",
    50603: "overloaded",
    17: "quota_exceeded",  # Baidu: the day's requests, the requests a second, all requests
    18: "rate_limit",
    19: "quota_exceeded",
    110: "invalid_api_key",
    111: "invalid_api_key",
    336100: "overloaded",
    336501: "rate_limit",
    336502: "rate_limit",
    10008: "overloaded",  # Spark
    10013: "content_filter",
    10014: "content_filter",
    10110: "overloaded",
    11201: "quota_exceeded",
    11202: "rate_limit",
    11203: "rate_limit",
}
"""`code`, `error_code` or `err_code` of an error object, as a number or as digits."""
