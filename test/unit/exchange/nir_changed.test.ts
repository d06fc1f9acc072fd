import seedrandom from 'seedrandom';
import { expect, test } from 'vitest';
import { isGraph, type NirGraph, type NirNode } from '../../../src/exchange/nir/file/graph.ts';
import { array } from '../../../src/exchange/nir/file/values.ts';
import { graphOf, netOf, runNir } from '../../../src/exchange/nir/index.ts';
import { simulate } from '../../../src/exchange/simulate.ts';
import { AdLIF, AHP, ALIF, CubaLIF, LIF, Linear, Parallel, Readout, Residual, Sequential } from '../../../src/index.ts';
import { off } from './nir_nets.ts';

const random = seedrandom('changed');
const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
const NUMBERS = ['tau', 'r', 'v_leak', 'v_threshold', 'weight', 'bias', 'tau_mem', 'tau_syn', 'w_in', 'threshold'];

/** Other numbers, more edges, a node in the middle of nowhere, another order: graphs near to those that layers make. */
function changed(graph: NirGraph): NirGraph {
  const nodes = new Map(graph.nodes);
  const edges = [...graph.edges];
  const names = [...nodes.keys()];
  const name = pick(names);
  const node = nodes.get(name)!;
  const what = random();
  if (what < 0.3) edges.push([pick(names), pick(names)]);
  else if (what < 0.5) {
    const [from, to] = pick(edges);
    nodes.set('new', { type: 'Scale', fields: { scale: array([0.5, -1, 1, 2]) } });
    edges.push([from, 'new'], ['new', to]);
  } else if (isGraph(node)) nodes.set(name, changed(node));
  else {
    const fields = Object.entries(node.fields).map(([key, v]) =>
      typeof v === 'string' || !NUMBERS.includes(key)
        ? [key, v]
        : [
            key,
            array(
              v.data.map((x) => x * (0.5 + random())),
              v.shape,
            ),
          ],
    );
    nodes.set(name, { ...node, fields: Object.fromEntries(fields) } as NirNode);
  }
  const order = random() < 0.2 ? [...nodes].reverse() : [...nodes];
  return { ...graph, nodes: new Map(order), edges };
}

test('a graph that was changed is refused, or comes in as a net that fires its spikes', async () => {
  const nets = [
    new Sequential(new AHP(3, 4, { recurrent: true, beta: 0.3 }), new Readout(4, 2)),
    new Sequential(new LIF(3, 4, { recurrent: true }), new CubaLIF(4, 4, { recurrent: true, synapticDelay: 1 })),
    new Sequential(new ALIF(3, 4, { recurrent: true }), new AdLIF(4, 4)),
    new Sequential(
      new Linear(3, 4),
      new Residual(new Linear(4, 4), new LIF(4, { reset: 'zero' })),
      new LIF(4, { reset: 'zero' }),
    ),
    new Sequential(new Parallel([new Linear(3, 4), new LIF(3, 4)], { merge: 'sum' }), new Readout(4, 2, { delay: 1 })),
  ];
  const counts = { refused: 0, same: 0 };
  for (let i = 0; i < 150; i++) {
    const net = pick(nets);
    const graph = changed(graphOf(net, { compose: true, recurrence: pick(['nested', 'flat'] as const) }));
    const sample = { T: 20, B: 1, N: 3, inputs: Float32Array.from({ length: 60 }, () => (random() < 0.4 ? 4 : 0)) };
    try {
      const { net: back } = netOf(graph, { semantics: 'nir' });
      const [a, b] = [await runNir(graph, sample), await simulate(back, sample)];
      expect(off(b.outputs, a.outputs), `${i}: ${back}`).toBeLessThan(1e-4);
      counts.same++;
    } catch (error) {
      if ((error as Error).name === 'AssertionError') throw error;
      // never one of JavaScript's own
      expect((error as Error).constructor, (error as Error).stack).toBe(Error);
      expect((error as Error).message).toMatch(/node '|graph|Input|Output/);
      counts.refused++;
    }
  }
  expect(counts.same).toBeGreaterThan(30);
  expect(counts.refused).toBeGreaterThan(30);
});
