import { expect, it } from 'vitest';
import type { Tape } from '../../src/autograd/tape.ts';
import { Readings } from '../../src/train/readings.ts';
import type { Window } from '../../src/train/windows.ts';

// Sums of what steps report, which arrives later than other steps run.

const window = {
  batch: { shape: [1, 1, 1] },
  ...{ from: 0, before: false, after: false, judged: null, weight: 1, ends: [true] },
} as unknown as Window;

/** Steps of one form with these losses, by default 1, 2, 3 and so on; what is collected arrives when `arrive` says so. */
function form(losses?: readonly number[]) {
  const arrivals: (() => void)[] = [];
  let ran = 0;
  let waiting: Float32Array[][] = [];
  const tape = {
    ...{ reports: [], cells: [], loss: null },
    form: {},
    collect: () => {
      const now = waiting;
      waiting = [];
      return new Promise((resolve) => arrivals.push(() => resolve(now)));
    },
  } as unknown as Tape;
  return {
    arrive: (i: number) => arrivals[i]!(),
    step(readings: Readings): void {
      ran++;
      waiting.push([Float32Array.of(losses ? losses[ran - 1]! : ran, 0, 0, 0)]);
      readings.step(tape, window, null);
    },
  };
}

it('are those of the steps so far, although reports of later ones arrive first', async () => {
  const { step, arrive } = form();
  const readings = new Readings();
  for (let i = 0; i < 3; i++) step(readings);
  const early = readings.sums();
  for (let i = 0; i < 8; i++) step(readings);
  arrive(1);
  await new Promise((resolve) => setTimeout(resolve, 1));
  arrive(0);
  expect((await early).steps).toMatchObject({ samples: 3, loss: 1 + 2 + 3 });
  expect((await readings.sums()).steps).toMatchObject({ samples: 11, loss: 66 });
});

it('of several forms are added in the order of the steps', async () => {
  // float32 numbers of which a sum in another order is another
  const losses = [2 ** 60, 1, -(2 ** 60), 1, 3];
  const [a, b] = [form(losses.filter((_, i) => i % 2 === 0)), form(losses.filter((_, i) => i % 2 === 1))];
  const readings = new Readings();
  for (const i of losses.keys()) (i % 2 === 0 ? a : b).step(readings);
  const sums = readings.sums();
  b.arrive(0);
  a.arrive(0);
  expect((await sums).steps.loss).toBe(losses.reduce((x, y) => x + y));
});

it('go on from those of a snapshot', async () => {
  const { step, arrive } = form();
  const readings = new Readings();
  for (let i = 0; i < 2; i++) step(readings);
  const sums = readings.sums();
  arrive(0);
  const more = new Readings(await sums);
  step(more);
  const done = more.done();
  arrive(1);
  await done;
  expect(more.monitor.score).toMatchObject({ samples: 3, loss: 2 });
});
