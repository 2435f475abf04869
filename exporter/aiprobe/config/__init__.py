"""Reads what the operator wrote and turns it into the domain's objects, or says everything that is wrong with it.

The only room that knows YAML and pydantic. Which protocols and probes exist comes in as
`Known`. Importing the package imports neither library, so `Settings` is a light import.
"""
