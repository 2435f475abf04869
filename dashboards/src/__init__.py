"""The Grafana boards as code: signals -> panels -> boards -> the committed JSON beside this folder.

`python -m dashboards.src` writes `dashboards/*.json` again. Names of metrics come from the exporter's own catalogue,
colours from `palette`; a query is said once, in a signal. Nothing here is needed at run time.
"""
