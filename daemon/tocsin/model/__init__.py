"""The frozen values that flow between the rooms.

Times are aware and in UTC. Text is plain: markup was removed where it came in, and an empty line
marks the border of a block. Offsets count characters of the field they speak of.
"""
