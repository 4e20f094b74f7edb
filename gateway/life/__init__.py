"""The life of a disclosure on one page: gathered from the trail and the tables, drawn, written down.

What may not be told is left out when it is gathered (``gathering``), so that no page can tell it:
``model`` is what the pages know. ``acts`` is the table from the trail's events to words and signs; what
is not in it is listed all the same.
"""
