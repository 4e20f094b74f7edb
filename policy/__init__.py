"""The core: decides, and does nothing else.

No I/O, no clock, no randomness: a decision is a function of the facts and of ``now``. Everything
that arrives here is already fetched, parsed and verified by others, and nothing that leaves here
has happened yet. The laws that every decision keeps (code cites them as "law 3"):

1. Nothing of a disclosure leaves in clear, except the public notice, after the lift.
2. Nobody outside the audience, as judged at the moment of sending, gets anything
   (coordinators aside).
3. Nothing is released before its hold, nothing is public before its lift. Doubt means hold.
4. A mail answered with 250 ends delivered, bounced and reported, withheld and reported, or
   quarantined and reported. None is lost.
5. A leak report is never dropped, delayed or discouraged.
6. Who speaks is who signed, by pinned fingerprint.
7. Every decision is a value with a reason, and every reason is in the audit trail.
8. No content in logs, errors, bounces, temporary files or metrics.
"""
