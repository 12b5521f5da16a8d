# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""All of it at once, for long, and nothing breaks: every delivery is counted, and what the processes take is watched."""
import asyncio
import resource
import time

from plan import Outcome
from soaking.people import People
from soaking.place import Place
from soaking.watch import MIB, Watched, processor_seconds
from soaking.wire import Device

WHAT = ("Over a long time, with thousands of idle sessions and with slow readers, each message comes once to each device "
        "that should have it, and no process takes more and more.")
SPARE = 1000  # file descriptors that are for others than the crowd


def idle_sessions(plan):
    """As many as there are file descriptors for: broker and crowd are processes of their own."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(plan.pick(200, 10000, 10000), max(hard - SPARE, 100))


def watched(place):
    return [Watched("broker", place.broker.process.pid, place.broker.folder, place.media),
            Watched("chatpushd", place.office.workers[-1].pid, place.office.folder, place.media),
            Watched("chatgate", place.gate.process.pid, place.gate.folder, place.media)]


async def idle(broker, seconds):
    """How much of a processor it takes while nobody does anything, in percent."""
    before, begun = processor_seconds(broker.pid), time.monotonic()
    await asyncio.sleep(seconds)
    return 100 * (processor_seconds(broker.pid) - before) / (time.monotonic() - begun)


def events(people, place):
    """What each process has had to do up to now."""
    done = sum(people.done.values()) + people.deliveries.received
    return {"broker": done, "chatpushd": place.pushes.received,
            "chatgate": place.hooks.ledger.received + people.done["HTTP requests"]}


async def watch(processes, people, place, warm_up):
    """Once a second; what was before all caches were full does not count."""
    await asyncio.sleep(warm_up)
    before = events(people, place)
    while True:
        for process in processes:
            process.sample()
            process.events = events(people, place)[process.name] - before[process.name]
        people.plan.say(f"{people.deliveries.received:,} delivered; " + ", ".join(
            f"{process.name} {process.samples[-1]['memory'] / MIB:.1f} MiB" for process in processes)) \
            if len(processes[0].samples) % 60 == 1 else None
        await asyncio.sleep(1)


async def soak(plan, place, people, processes, seconds, figures):
    figures["idle sessions"] = sessions = idle_sessions(plan)
    await asyncio.to_thread(place.begin_crowd, sessions)
    figures["of a processor, when all are idle, %"] = round(await idle(processes[0], plan.pick(1, 20, 60)), 1)
    await asyncio.to_thread(people.found)
    await asyncio.to_thread(people.fill, plan.pick(0, 100, 100))
    phones = await asyncio.to_thread(place.phones)
    await people.enter()
    watcher = asyncio.ensure_future(watch(processes, people, place, warm_up=seconds / 4))
    await people.work(seconds, phones)
    watcher.cancel()
    await people.leave()
    place.collect_pushes()
    there, heard = await asyncio.to_thread(place.crowd_open)
    if (there, heard) != (sessions, 0):
        people.complaints.append(f"of {sessions} idle sessions {there} are left, and they were given {heard} messages")


def judge_rest(place, people):
    """What the broker has left on the disk when it has ended: what was stored, and no more."""
    place.broker.stop()
    for what, sql, wanted in (
            ("messages", "SELECT count(*) FROM message WHERE kind = 0 OR imported > 0", people.stored),
            ("push jobs", "SELECT count(*) FROM push_job", 0),
            ("rows of uploads", "SELECT count(*) FROM media", people.done["uploads"])):
        if (there := place.rows(sql)) != wanted:
            yield f"the database has {there} {what} in the place of {wanted}"
    if (there := place.uploads()) != people.done["uploads"]:
        yield f"there are {there} files of {people.done['uploads']} uploads"


def run(plan):
    outcome = Outcome()
    minutes = plan.soak or plan.pick(1 / 9, 10, 240)
    with Place(cache_seconds=plan.pick(1, 30, 30)) as place:
        people, processes = People(place, plan, plan.pick(10, 40, 40)), watched(place)
        outcome.figures["minutes"] = round(minutes, 1)
        asyncio.run(soak(plan, place, people, processes, 60 * minutes, outcome.figures))
        outcome.faults += judge_rest(place, people)
    ledgers = (people.deliveries, place.hooks.ledger, place.pushes)
    outcome.add(**people.done)
    for ledger in ledgers:
        outcome.figures[f"{ledger.name} expected"] = ledger.expected
        outcome.faults += ledger.faults()
    outcome.figures["longest answer, ms"] = round(1000 * Device.longest)
    outcome.figures["over HTTP, ms"] = round(1000 * people.longest_http)
    outcome.figures["to who comes and goes"] = people.visits.expected()
    outcome.figures["of them again"] = people.visits.again()
    outcome.figures["lost"] = sum(ledger.lost() for ledger in ledgers) + len(people.visits.lost())
    outcome.figures["double"] = sum(ledger.double() for ledger in ledgers)
    outcome.faults += [*people.visits.faults(), *people.complaints, *place.complaints]
    for process in processes:
        if process.samples:
            first, last = process.samples[0]["memory"] / MIB, process.samples[-1]["memory"] / MIB
            outcome.figures[f"MiB of {process.name}"] = f"{first:.1f}, later {last:.1f}"
        outcome.faults += process.faults(noise=plan.pick(8, 2, 2) * MIB)
    outcome.faults += [f"no {what}" for what, count in people.done.items() if not count]
    return outcome
