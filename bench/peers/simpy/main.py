"""SimPy's program in the contests of simulators: main.py NAME MILLISECONDS n=N.

The models are those of bench/simulator/models.ts, written with processes and a
resource, as SimPy's documents do. Like bench/actors/program.ts it warms up with
a tenth of the work, runs the task until the time is over, and prints one line
of JSON.
"""
import json
import math
import sys
import time
from random import Random

from SimPy.Simulation import Process, Resource, Simulation
from SimPy.Simulation import hold, release, request

LOAD = 0.8
PROCESSES = 1024
SEED = 42
FOREVER = 1e18
SOJOURN = 5
SOJOURN_SLACK = 0.055 * math.sqrt(500000)
HOLD_SLACK = 6
WARM_UP_SHARE = 10
WARM_UP_MS = 300


def verify(what, share, slack, count):
    """Raises when the share is further from 1 than chance explains."""
    if abs(share - 1) > slack / math.sqrt(count):
        raise ValueError("error: %s is %f of theory's" % (what, share))


class Source(Process):
    def generate(self, customers, server, random, sojourns):
        for _ in range(customers):
            yield hold, self, random.expovariate(LOAD)
            customer = Customer(sim=self.sim)
            visit = customer.visit(server, random, sojourns)
            self.sim.activate(customer, visit)


class Customer(Process):
    def visit(self, server, random, sojourns):
        arrived = self.sim.now()
        yield request, self, server
        yield hold, self, random.expovariate(1.0)
        yield release, self, server
        sojourns.append(self.sim.now() - arrived)


def mm1(n):
    """A queue with one server; n events, two for each customer."""
    customers = n // 2
    sojourns = []
    simulation = Simulation()
    server = Resource(capacity=1, sim=simulation)
    source = Source(sim=simulation)
    generate = source.generate(customers, server, Random(SEED), sojourns)
    simulation.activate(source, generate)
    simulation.simulate(until=FOREVER)
    mean = sum(sojourns) / len(sojourns)
    verify("the mean sojourn", mean / SOJOURN, SOJOURN_SLACK, customers)
    return customers + len(sojourns)


class Message(Process):
    def travel(self, handled, left, random):
        while True:
            yield hold, self, random.expovariate(1.0)
            handled[random.getrandbits(10)] += 1
            left[0] -= 1
            if left[0] == 0:
                self.sim.stopSimulation()


def phold(n):
    """Messages between processes; n of them arrive."""
    handled = [0] * PROCESSES
    left = [n]
    random = Random(SEED)
    simulation = Simulation()
    for _ in range(PROCESSES):
        message = Message(sim=simulation)
        simulation.activate(message, message.travel(handled, left, random))
    simulation.simulate(until=FOREVER)
    share = simulation.now() * PROCESSES / n
    verify("the end of PHOLD", share, HOLD_SLACK, n)
    return sum(handled)


TASKS = {"mm1": mm1, "phold": phold}


def iterate(task, n, milliseconds):
    """At least once, and again until the time is over."""
    seconds = []
    left = milliseconds / 1000
    while True:
        begun = time.perf_counter()
        count = task(n)
        took = time.perf_counter() - begun
        seconds.append(took)
        left -= took
        if left <= 0:
            return count, seconds


def main():
    name, milliseconds, size = sys.argv[1:]
    task = TASKS[name]
    n = int(size.removeprefix("n="))
    measured = int(milliseconds)
    iterate(task, max(2, n // WARM_UP_SHARE), min(measured, WARM_UP_MS))
    count, seconds = iterate(task, n, measured)
    figures = {"name": name, "count": count, "seconds": seconds, "more": {}}
    print(json.dumps(figures))


main()
