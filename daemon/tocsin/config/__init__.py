"""Configuration and rule packs: files read into values, with every fault at its position.

`yaml.file` reads YAML 1.2 into nodes with positions, `yaml.shape` checks them against closed shapes, `config` and
`packs` make the values that the rest of the program uses. No other room imports yaml or pydantic.
"""
