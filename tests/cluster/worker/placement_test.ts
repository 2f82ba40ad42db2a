/** Who lives in which thread: one answer, whoever is asked. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  placeActors,
  Placement,
  type PlacementTable,
  type WorkerChild,
} from "../../../cluster/worker/placement.ts";

const SYSTEM = "the-system";
const KEYED = [{ name: "keyed-ones", behavior: "any", liveMax: 10 }];

function child(name: string, worker?: number): WorkerChild {
  const where = worker === undefined ? {} : { worker };
  return { name, behavior: "any", args: undefined, ...where };
}

function place(count: number, children: readonly WorkerChild[]) {
  return placeActors(SYSTEM, count, children, KEYED);
}

/** The table as it arrives in another thread. */
function elsewhere(table: PlacementTable): Placement {
  return new Placement(structuredClone(table));
}

/** Shorter than the names above; those of every object's members too. */
const name = fc.oneof(
  fc.stringMatching(/^[\w.-]{1,7}$/),
  fc.constantFrom("constructor", "__proto__", "toString"),
);

/** Some actors are placed by the spec, the others by the ring. */
const cast = fc.record({
  count: fc.integer({ min: 1, max: 8 }),
  names: fc.uniqueArray(name, { minLength: 1, maxLength: 12 }),
  wishes: fc.array(fc.option(fc.nat({ max: 7 }), { nil: undefined })),
}).map(({ count, names, wishes }) => {
  const children = names.map((name, index) => {
    const wish = wishes[index];
    return child(name, wish === undefined ? wish : wish % count);
  });
  return { count, children };
});

// G25
Deno.test("every thread comes to the same answer, which is the spec's where the spec has one", () => {
  fc.assert(
    fc.property(cast, fc.string(), ({ count, children }, key) => {
      const table = place(count, children);
      const [here, there] = [new Placement(table), elsewhere(table)];
      const keys = [`keyed-ones[${key}]`, `keyed-ones[${key}]/child`, key];
      for (const address of [...children.map(({ name }) => name), ...keys]) {
        assert.equal(there.locate(address), here.locate(address), address);
      }
      for (const { name, worker } of children) {
        const home = here.locate(name);
        assert(table.workers.includes(home), `${name} is in ${home}`);
        if (worker !== undefined) assert.equal(home, `worker-${worker}`);
      }
    }),
  );
});

Deno.test("children and grandchildren live with their parent", () => {
  fc.assert(
    fc.property(cast, name, name, ({ count, children }, kid, grandkid) => {
      const placement = new Placement(place(count, children));
      const parents = children.map(({ name }) => name);
      for (const parent of [...parents, `keyed-ones[${kid}]`, "nobody-known"]) {
        const home = placement.locate(parent);
        assert.equal(placement.locate(`${parent}/${kid}`), home);
        assert.equal(placement.locate(`${parent}/${kid}/${grandkid}`), home);
      }
    }),
  );
});

Deno.test("keys are spread over all workers, and stay when actors join that are not keyed", () => {
  const few = new Placement(place(4, []));
  const many = new Placement(place(4, [child("a"), child("b", 3)]));
  const homes = new Set<string>();
  for (let key = 0; key < 100; key++) {
    const home = few.locate(`keyed-ones[${key}]`);
    assert.equal(many.locate(`keyed-ones[${key}]`), home);
    homes.add(home);
  }
  assert.equal(homes.size, 4);
});

Deno.test("whom no spec places lives in the thread that started the system", () => {
  const placement = new Placement(place(2, [child("placed")]));
  const others = ["other", "other[1]", "keyed-ones", "constructor", ""];
  for (const address of others) {
    assert.equal(placement.locate(address), SYSTEM, address);
  }
});

Deno.test("a domain's own name is its home, for answers to asks of its host", () => {
  const placement = new Placement(place(2, []));
  for (const domain of [SYSTEM, "worker-0", "worker-1"]) {
    assert.equal(placement.locate(domain), domain);
  }
});

Deno.test("a worker that is not there is refused, with those that are", () => {
  assert.equal(place(2, [child("a", 1)]).homes.get("a"), "worker-1");
  for (const worker of [2, -1, 0.5, NaN]) {
    assert.throws(() => place(2, [child("a", worker)]), {
      name: "RangeError",
      message: `Cannot place "a" as worker must be an integer from 0 to 1: ` +
        `current value is ${worker}`,
    });
  }
});

Deno.test("a name that is taken, or is no address, is refused", () => {
  const bad = [SYSTEM, "worker-0", "taken", "keyed-ones", "a/b", "a b", ""];
  for (const name of bad) {
    assert.throws(() => place(1, [child("taken"), child(name)]), {
      name: "TypeError",
      message: `Cannot place "${name}" as a name must be of letters, digits, ` +
        `_ - . and nobody else's`,
    });
  }
  for (const name of ["cart[1]", "a/b"]) {
    const keyed = [{ name, behavior: "any", liveMax: 1 }];
    assert.throws(() => placeActors(SYSTEM, 1, [], keyed), TypeError);
  }
});

Deno.test("the thread that starts the system refuses an actor whom others look for in a worker", () => {
  const placement = new Placement(place(1, [child("placed")]));
  placement.mustBeHere("other");
  placement.mustBeHere("other[1]");
  const taken = ["placed", "placed/kid", "keyed-ones[]", "worker-0", SYSTEM];
  for (const address of taken) {
    assert.throws(() => placement.mustBeHere(address), {
      name: "TypeError",
      message: /^Cannot start ".*" here as the name is taken in \S+$/,
    }, address);
  }
});
