# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""scripts/prove, when all is built: runs the parts, one after the other, and writes the report."""
import argparse
import pathlib
import sys
import time
import traceback

import parts
import report
from plan import SCALES, Outcome, Plan


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/prove", description=__doc__)
    parser.add_argument("part", nargs="*", help=f"of {', '.join(parts.NAMES)}; none: all")
    parser.add_argument("--scale", choices=SCALES, default="full", help="how much (%(default)s)")
    parser.add_argument("--long", action="store_const", dest="scale", const="long", help="hours of it")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what is drawn (the time)")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES", help="how long the part soak lasts")
    parser.add_argument("--report", type=pathlib.Path, default=pathlib.Path("build/proof.md"), metavar="FILE",
                        help="where the report goes (%(default)s); docs/proof.md keeps what stands around it")
    given = parser.parse_args()
    unknown = set(given.part) - set(parts.NAMES)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))} (there are: {', '.join(parts.NAMES)})")
    return given


def prove(name, plan):
    """The outcome of a part. One that breaks off is a fault, not the end of all."""
    try:
        return parts.load(name).run(plan)
    except Exception:  # whatever it is, the report says so
        return Outcome(faults=[traceback.format_exc()])


def main():
    given = arguments()
    plan = Plan(given.scale, given.seed, lambda line: print(f"  {line}", flush=True), given.soak)
    done = []
    for name in given.part or parts.NAMES:
        print(f"{name}: {parts.load(name).WHAT}", flush=True)
        started = time.monotonic()
        outcome = prove(name, plan)
        done.append((name, parts.load(name), outcome, time.monotonic() - started))
        print(f"{name}: {outcome.verdict}", flush=True)
        for fault in outcome.faults:
            print(f"  {fault}", flush=True)
        report.write(given.report, report.as_text(plan, " ".join(["scripts/prove", *sys.argv[1:]]), done))
    print(f"the report is in {given.report}")
    return any(outcome.faults for _, _, outcome, _ in done)


if __name__ == "__main__":
    sys.exit(main())
