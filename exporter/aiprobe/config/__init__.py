"""Reads the configuration files and builds the domain's objects, or reports every problem in them.

The only room that imports YAML and pydantic for the configuration. Which protocols and probes exist comes in as
`Known`. Importing the package imports neither library, so `Settings` is a light import.
"""
