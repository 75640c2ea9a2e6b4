"""Does a plugin keep to the CNI specification? Any executable is called as a runtime calls it, and its deeds looked at.

`table.py` has the rules, `rules/` one module for each group of them; `judge.py` runs each in a `room.py` of its own.
"""
