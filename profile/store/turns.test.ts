import * as fc from "fast-check";
import { expect, it } from "vitest";
import { createTurns, TURN_OF_THE_LONGEST } from "./turns.ts";

interface Call {
  urgency: number;
  n: number;
}

it("gives the most urgent the next token, those of one urgency in the order they came", () => {
  const turns = createTurns<Call>();
  for (const [n, urgency] of [4, 3, 1, 3].entries()) turns.join({ urgency, n });
  expect(turns.peek()?.n).toBe(2);
  expect([turns.next()?.n, turns.next()?.n, turns.next()?.n]).toEqual([2, 1, 3]);
});

it("lets nobody wait for more than a few tokens for each who came before, however many urgent ones come", () => {
  const urgencies = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(urgencies, (before) => {
      const turns = createTurns<Call>();
      for (const [n, urgency] of before.entries()) turns.join({ urgency, n });
      const last = { urgency: 9, n: -1 };
      turns.join(last);
      let tokens = 0;
      for (let served: Call | undefined; served !== last; tokens += 1) {
        turns.join({ urgency: 1, n: 1_000 + tokens });
        served = turns.next();
      }
      expect(tokens).toBeLessThanOrEqual(TURN_OF_THE_LONGEST * (before.length + 1));
    }),
  );
});

it("forgets who has given up, and says whether it was in time", () => {
  const turns = createTurns<Call>();
  const leave = turns.join({ urgency: 1, n: 0 });
  turns.join({ urgency: 2, n: 1 });
  expect(leave()).toBe(true);
  expect(turns.next()?.n).toBe(1);
  expect(leave()).toBe(false);
  expect([turns.next(), turns.peek()]).toEqual([undefined, undefined]);
});
