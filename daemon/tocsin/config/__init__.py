"""Configuration and rule packs: files read into values, with every fault at its position.

`yamlfile` reads YAML 1.2 into nodes that know where they stand, `shape` checks them against closed shapes, `config` and
`packs` fill the values that the rest of the program uses. No other room imports yaml or pydantic.
"""
