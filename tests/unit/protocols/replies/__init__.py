"""Replies of strangers as tables: what a server sent, and what its user would call it. One file a kind."""
