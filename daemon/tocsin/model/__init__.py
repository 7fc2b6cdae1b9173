"""The frozen values that flow between the rooms.

Times are aware and in UTC. Text is plain: markup was removed where it came in, and an empty line
separates two blocks. Offsets count characters of their field.
"""
