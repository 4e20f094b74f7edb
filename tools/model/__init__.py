"""An exhaustive search of the real ``policy/`` code over a small world: see ``docs/decisions/0015-checked.md``.

``search`` walks every position that ``acts`` lead to, and asks ``laws`` of each step and each position.
To add a row of the table: a field of ``Position`` if something has to be remembered, an act that asks
the real code, and a law that says in other words than the code's what must hold.
"""
