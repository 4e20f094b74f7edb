"""``make mutants``: change ``policy/`` in small ways, one at a time, and see whether the tests of policy/ notice.

Whoever survives is listed, and must stand in ``equivalent_mutants.toml`` with the reason why it changes nothing;
what stands there and does not survive is told as well.

    python -m tools.mutants [MODULE ...] [--again] [--warm | --cold] [--list] [--toml]

``--again`` tries only what no test noticed the last time, ``--warm`` only changes inside functions (the quick ones),
``--cold`` only the others. ``--list`` only names the mutants; ``--toml`` writes the survivors without a reason as they
would stand in the list.
"""

from __future__ import annotations

import json
import os
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

from tools.mutants.changes import ROOT, Mutant, mutants
from tools.mutants.trial import COLD, NEVER_RUN, apart, cold, warm

LISTED = ROOT / "tools" / "equivalent_mutants.toml"
LAST = ROOT / "build" / "mutants.json"


def modules() -> list[str]:
    """Every module of policy/."""
    return [path.stem for path in sorted((ROOT / "policy").glob("*.py")) if path.stem != "__init__"]


def main(arguments: list[str]) -> int:
    """Try all mutants of the modules named, or of all of policy/."""
    started = time.monotonic()
    named = [name.removeprefix("policy.") for name in arguments if not name.startswith("-")] or modules()
    trees, found = {}, []
    for name in named:
        trees[name], more = mutants(name)
        found += more
    if "--list" in arguments:
        for one in found:
            print(f"policy/{one.module}.py:{one.lines.start}  {one.place}: {one.change}")
        return 0
    wanted = list(range(len(found)))
    if "--again" in arguments:
        last = set(map(tuple, json.loads(LAST.read_text("utf-8"))))
        wanted = [at for at in wanted if (found[at].place, found[at].change) in last]
    if "--cold" in arguments:
        wanted = [at for at in wanted if not found[at].function]
    workers = os.cpu_count() or 1
    results, files = apart(lambda: warm(found, wanted, workers))
    if "--warm" in arguments:
        wanted = [at for at in wanted if results[at] != COLD]
    results |= cold(found, trees, [at for at in wanted if results[at] == COLD], files, workers)
    survivors = [at for at in wanted if results[at] in {-1, NEVER_RUN}]
    LAST.parent.mkdir(exist_ok=True)
    LAST.write_text(json.dumps([(found[at].place, found[at].change) for at in survivors]), "utf-8")
    is_whole = not {"--again", "--warm", "--cold"} & set(arguments)
    code = _told(named, [found[at] for at in wanted], [found[at] for at in survivors], is_whole, "--toml" in arguments)
    print(f"{time.monotonic() - started:.0f} s")
    return code


def _told(named: list[str], tried: list[Mutant], survivors: list[Mutant], is_whole: bool, as_toml: bool) -> int:
    with LISTED.open("rb") as file:
        listed: dict[str, dict[str, str]] = tomllib.load(file)
    reasons = {(place, change): why for place, changes in listed.items() for change, why in changes.items()}
    left = [one for one in survivors if (one.place, one.change) not in reasons]
    place = ""
    for one in left:
        if as_toml:
            print(f"\n[{json.dumps(one.place)}]" * (one.place != place) + f'\n{json.dumps(one.change)} = ""', end="")
            place = one.place
        else:
            print(f"SURVIVES policy/{one.module}.py:{one.lines.start}  {one.place}: {one.change}")
    alive = {(one.place, one.change) for one in survivors}
    gone = [key for key in reasons if key[0].partition(":")[0] in named and key not in alive and is_whole]
    for place, change in gone:
        print(f"NO LONGER SURVIVES {place}: {change}; take it out of {LISTED.name}")
    counts = {name: Counter(one.module for one in group) for name, group in (("all", tried), ("alive", survivors))}
    unexplained = Counter(one.module for one in left)
    print(f"\n{'policy/':<16}{'mutants':>8}{'noticed':>9}{'explained':>11}{'left':>6}")
    for name in [*named, ""]:
        total, alive_here, open_here = (
            counter[name] if name else counter.total() for counter in (counts["all"], counts["alive"], unexplained)
        )
        print(f"{name or 'all':<16}{total:>8}{total - alive_here:>9}{alive_here - open_here:>11}{open_here:>6}")
    return 1 if left or gone else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    sys.exit(main(sys.argv[1:]))
