import { describe, expect, test } from 'vitest';
import { runNir } from '../../../src/exchange/nir/run/interpret.ts';
import { semantics } from '../../../src/exchange/nir/run/semantics.ts';
import { netOf } from '../../../src/exchange/nir/to_net/import.ts';
import { simulate } from '../../../src/exchange/simulate.ts';
import { asGraph, off, recorded } from './nir_nets.ts';

/** A reset that no layer has; a matrix in place of the input; a synaptic current that rests at v_leak. */
const WITHOUT_A_LAYER = ['snntorch: IF', 'snntorch: flat recurrence', 'norse: CubaLIF, r and w_in used, v_leak'];

describe('a graph runs as the program runs it', () => {
  for (const { reader, name, graph, inputs, outputs } of recorded)
    test(`${reader}: ${name}`, async () => {
      const T = 40;
      const sample = { T, B: 1, N: inputs.length / T, inputs: Float32Array.from(inputs, Number) };
      const activity = await runNir(asGraph(graph), sample, { semantics: reader });
      const expected = Array.from(outputs, Number);
      if (typeof outputs === 'string') expect(Array.from(activity.outputs)).toEqual(expected);
      else expect(off(activity.outputs, expected)).toBeLessThan(1e-5);
    });

  for (const { reader, name, graph, inputs, outputs } of recorded.filter((r) => r.reader !== 'nir'))
    test(`as a net: ${reader}: ${name}`, async () => {
      const T = 40;
      const sample = { T, B: 1, N: inputs.length / T, inputs: Float32Array.from(inputs, Number) };
      if (WITHOUT_A_LAYER.includes(`${reader}: ${name}`)) {
        expect(() => netOf(asGraph(graph), { semantics: reader })).toThrow(/runNir/);
        return;
      }
      const { net } = netOf(asGraph(graph), { semantics: reader });
      const activity = await simulate(net, sample);
      expect(Array.from(activity.outputs)).toEqual(Array.from(outputs, Number));
    });

  test('several of each that says it was checked', () => {
    for (const [name, { checked }] of Object.entries(semantics))
      expect(recorded.filter((r) => r.reader === name).length >= 3, name).toBe(checked);
  });
});
