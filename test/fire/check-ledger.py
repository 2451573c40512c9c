#!/usr/bin/env python3
"""Holds what a target saw against what hale says. Reads two files and nothing of the project.

usage: check-ledger.py LEDGER.ndjson INCIDENTS.json [REPEATABLE_VERB,...]

LEDGER: one JSON object a line: {at, event: broke|began|done|mended, service, verb, key, fence}, written by the target.
INCIDENTS: what `hale incidents --json` printed.
Acts of a repeatable verb may arrive again under the same action id.

Prints one JSON object with a list for each kind of fault, and how long services were broken. Exit code 0: no fault, 1: faults, 2: unreadable input.
"""
import json
import sys
from collections import Counter, defaultdict


def main(ledger_file, incidents_file, repeatable=""):
    with open(ledger_file, encoding="utf-8") as lines:
        ledger = [json.loads(line) for line in lines]
    with open(incidents_file, encoding="utf-8") as text:
        incidents = json.load(text)["data"]
    found = faults(ledger, incidents, set(repeatable.split(",")))
    acts = sum(line["event"] == "done" for line in ledger)
    print(json.dumps({"acts": acts, "mended": mended(ledger), **found}))
    return 1 if any(found.values()) else 0


def mended(ledger):
    """How long each break lasted, shortest first; breaks that were never mended are in `stuck`."""
    since, found = {}, []
    for line in ledger:
        if line["event"] == "broke":
            since[line["service"]] = line["at"]
        elif line["event"] == "mended":
            found.append({"service": line["service"], "seconds": (line["at"] - since.pop(line["service"])) / 1000})
    return sorted(found, key=lambda one: one["seconds"])


def faults(ledger, incidents, repeatable):
    attempts = {attempt["actionId"]: attempt for incident in incidents for attempt in incident["attempts"]}
    began = [line for line in ledger if line["event"] == "began"]
    done = {line["key"] for line in ledger if line["event"] == "done"}
    mended_by = {line["key"] for line in ledger if line["event"] == "mended"}
    return {
        "doubled": doubled(began, repeatable),
        "lost": lost(attempts, {line["key"] for line in began}, done),
        "outranked": outranked(began),
        "untrue": untrue(attempts, mended_by),
        "leftInForce": left_in_force(incidents, began),
        "stranded": [key for key, attempt in attempts.items() if attempt["state"] in ("stranded", "unknown")],
        "stuck": stuck(ledger, incidents),
    }


def doubled(began, repeatable):
    """One action id acted on twice, or two action ids for one attempt of one cycle."""
    twice = [key for key, times in Counter(line["key"] for line in began if line["verb"] not in repeatable).items() if times > 1]
    of_attempt = defaultdict(set)
    for line in began:
        cycle, attempt, *rest = line["key"].split("/")
        of_attempt[(cycle, attempt, rest[-1] == "undo")].add(line["key"])
    return twice + [" and ".join(sorted(keys)) for keys in of_attempt.values() if len(keys) > 1]


def lost(attempts, began, done):
    """hale says that it acted, or took back, and the target never did; or the target acted and hale does not know or denies it."""
    never_done = [key for key, attempt in attempts.items() if attempt["state"] != "notApplied" and key not in done]
    never_undone = [key for key, attempt in attempts.items() if attempt["undone"] and f"{key}/undo" not in done]
    denied = [key for key, attempt in attempts.items() if attempt["state"] == "notApplied" and key in done]
    not_known = [key for key in began if key.removesuffix("/undo") not in attempts]
    return (
        [f"{key} was not done" for key in never_done]
        + [f"{key} was not undone" for key in never_undone]
        + [f"{key} was done and is denied" for key in denied]
        + [f"{key} is not known to hale" for key in not_known]
    )


def outranked(began):
    """A call with a smaller fencing token than one that the same service had seen before."""
    highest, found = {}, []
    for line in began:
        fence = int(line["fence"])
        if fence < highest.get(line["service"], 0):
            found.append(f"{line['key']} came with fence {fence} after {highest[line['service']]}")
        highest[line["service"]] = max(fence, highest.get(line["service"], 0))
    return found


def untrue(attempts, mended_by):
    """hale says that an attempt held, and the target was not mended by it."""
    return [key for key, attempt in attempts.items() if attempt["verdict"] == "held" and key not in mended_by]


def left_in_force(incidents, began):
    """What did not help and could have been taken back, or what nobody has settled although no person was called."""
    undoable = {correction_of(line["key"]) for line in began if line["key"].endswith("/undo")}
    found = []
    for incident in incidents:
        for attempt in incident["attempts"]:
            failed = attempt["verdict"] in ("unchanged", "worse") and not attempt["undone"]
            unsettled = attempt["state"] in ("intended", "applied", "undoing") and incident["outcome"] != "escalated"
            if (failed and correction_of(attempt["actionId"]) in undoable) or unsettled:
                found.append(attempt["actionId"])
    return found


def correction_of(key):
    return key.split("/")[2]


def stuck(ledger, incidents):
    """Services that are broken when the ledger ends, and incidents that have not ended."""
    broken = {}
    for line in ledger:
        if line["event"] in ("broke", "mended"):
            broken[line["service"]] = line["event"] == "broke"
    open_incidents = [f"{incident['id']} of {incident['service']}" for incident in incidents if incident["endedAt"] is None]
    return [service for service, is_broken in broken.items() if is_broken] + open_incidents


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except (OSError, ValueError, KeyError) as error:
        print(f"unreadable: {error!r}", file=sys.stderr)
        sys.exit(2)
