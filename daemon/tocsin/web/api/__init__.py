"""The API, version 1: a module a group of addresses."""
