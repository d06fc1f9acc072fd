import type { Engine } from '../../src/autograd/engine.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import trace from '../fixtures/nir_lif.json';

/** The trace of the NIR paper's single neuron, and what a device makes of its pulses: [spikes, voltages]. */
export async function nirTrace(
  engine: Engine,
): Promise<{ spikes: number[]; voltages: Float32Array; expected: typeof trace }> {
  // Euler steps of dt/tau = 0.04, input times dt/tau, reset to 0, voltage recorded after it
  const neuron = new LIF(1, { semantics: 'nir', tau: 25, dt: 1, threshold: 0.1 });
  const net = new Sequential(neuron);
  engine.bind(net);
  const tape = engine.tape({ training: false });
  const pulses = new Float32Array(trace.steps);
  for (const t of trace.pulses) pulses[t] = 1;
  const z = net.forward(tape.input(pulses, { shape: [trace.steps, 1, 1], name: 'pulses' })).keep();
  const { v } = tape.cells[0]!;
  v.keep();
  await tape.run();
  const fired = await z.read();
  return { spikes: [...fired.keys()].filter((t) => fired[t] === 1), voltages: await v.read(), expected: trace };
}
