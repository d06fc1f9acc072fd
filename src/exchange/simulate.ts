import { Engine } from '../autograd/engine.ts';
import { read64 } from '../check/float64.ts';
import type { Sequential } from '../layers/sequential.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { type Flips, ReferenceDevice } from '../reference/device.ts';
import type { Activity, Sample, Trace } from './activity.ts';

export interface SimulateOptions {
  /**
   * Spikes [T, B, N] of layers by their label, to go on with in place of their own: what another program made of the same net.
   * A layer that stands in several places has a label for each.
   */
  readonly spikes?: ReadonlyMap<string, ArrayLike<number>>;
}

/** What a net did, and where its own spikes would have been others than those imposed. */
export interface Simulation extends Activity {
  readonly flips: Flips;
}

/**
 * Runs a net forward on the CPU, in float64 with float32 parameters: no adapter, no training, every state from 0.
 *
 * @param net may be bound to a device; what counts is what was pulled last
 * @throws when the sample does not fit the net
 */
export async function simulate(net: Sequential, sample: Sample, options: SimulateOptions = {}): Promise<Simulation> {
  onlyKnown('simulate', options, ['spikes']);
  checkSample('simulate', net, sample);
  const { B, N, inputs } = sample;
  const device = new ReferenceDevice({ force: (label) => options.spikes?.get(label) });
  const engine = new Engine(device);
  engine.bind(net);
  const tape = engine.tape({ training: false, step: 0 });
  const form = inputs.every((x) => x === 0 || x === 1) ? 'bits' : 'f32';
  const out = net.forward(tape.input(inputs, { shape: [sample.T, B, N], form, name: 'x' })).keep();
  for (const { z, v } of tape.cells) {
    z?.keep();
    v.keep();
  }
  await tape.run();
  const layers: Trace[] = [];
  for (const { label, z, v } of tape.cells)
    layers.push({ label, N: v.shape[2]!, spikes: z && (await read64(z)), voltage: await read64(v) });
  const outputs = await read64(out);
  engine.dispose();
  // an encoder makes more steps of one
  return { T: out.shape[0]!, B, outputs, layers, flips: device.flips };
}

/** @throws unless the sample is one for this net */
export function checkSample(owner: string, net: Sequential, sample: Sample): void {
  const { T, B, N, inputs } = sample;
  for (const [name, value] of Object.entries({ T, B, N }))
    if (!(Number.isInteger(value) && value > 0))
      throw new Error(`${owner}: sample.${name} must be a whole number above 0, got ${value}`);
  if (N !== net.inputs)
    throw new Error(`${owner}: the net takes inputs of width ${net.inputs}, the sample has ${N} ([T, B, N])`);
  if (inputs.length !== T * B * N)
    throw new Error(
      `${owner}: sample.inputs must have [${T}, ${B}, ${N}] = ${T * B * N} numbers, got ${inputs.length}`,
    );
  const bad = inputs.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) throw new Error(`${owner}: sample.inputs[${bad}] must be a finite number, got ${inputs[bad]}`);
}
