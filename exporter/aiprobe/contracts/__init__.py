"""A month by the rules of a provider's contract: uptime by its own rule, credit, deadline, and the report of evidence.

Everything is computed from `core.evidence`: minutes of verdicts and failed probes. Keeping those belongs in `journal/`,
deciding a verdict in `core/`, metric names in `metrics/`.
"""
