"""The rehearsal of an outage through the user's own Prometheus and Alertmanager: what is wrong with them, and its mend.

`looks.py` and `pages.py` judge what both report of themselves; `rehearsal.py` follows an outage to a web hook.
Nothing here starts an exporter or prints: the command does.
"""
