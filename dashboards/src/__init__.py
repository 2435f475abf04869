"""The Grafana boards as code: signals -> panels -> boards -> the committed JSON beside this folder.

`python -m dashboards.src` writes `dashboards/*.json` again. Names of metrics come from the exporter's own catalogue,
colours from `palette`; each query is in one signal only. Nothing here is needed at run time.
"""
