"""Reads the sources of discovery and keeps their last good answers. What becomes a target decides `config/`."""
