"""Reads what the operator wrote and turns it into the domain's objects, or says everything that is wrong with it.

The only room that knows YAML and pydantic. It may not know which protocols and probes exist: their names are arguments.
"""

from aiprobe.config.load import load
from aiprobe.config.problems import ConfigError, Problem
from aiprobe.config.reference import render_reference
from aiprobe.config.resolve.prices import PriceTable, load_litellm
from aiprobe.config.schema.root import json_schema
from aiprobe.config.settings import Journal, Settings
from aiprobe.config.starter import starter

__all__ = [
    "ConfigError",
    "Journal",
    "PriceTable",
    "Problem",
    "Settings",
    "json_schema",
    "load",
    "load_litellm",
    "render_reference",
    "starter",
]
