import type { Counts, Sizes } from './counts.ts';
import type { Hardware, Memory } from './hardware.ts';

/** Picojoules of an inference. */
export interface Energy {
  /** Arithmetic, and spikes on their way. */
  readonly operations: number;
  /** Reading and writing of weights, states, dense values and addresses of spikes; 0 where the hardware has no figures for it. */
  readonly memory: number;
  readonly total: number;
}

/** What is left out of an estimate for want of a figure, and how often it occurs. */
export type LeftOut = Map<string, number>;

/** Without figures for these an estimate says nothing. */
export const NEEDED: readonly string[] = ['synaptic operations', 'multiply-accumulates'];

/**
 * The energy of a layer, as the sum over what it does, each times what the hardware says it takes:
 *
 *     operations = synaptic operations E_syn + multiply-accumulates E_mac + spikes E_spike
 *                + updates E_update, or their additions E_add + multiplications E_mul + functions E_fun
 *     memory     = weights read, sums and states read and written, dense values read and written, addresses of spikes written
 *                  where they are made and read where they arrive: bytes times E(size of the memory) / bytes of an access
 *
 * A synaptic operation reads a weight, reads a sum and writes it; an update reads states, sum and its own constants, and writes
 * states; a multiply-accumulate reads a weight and an input and keeps its sum in a register until it is written. That memory
 * belongs to the account, and its size to the price, is argued by Lemaire et al., "An analytical estimation of spiking neural
 * networks energy efficiency", ICONIP 2022; the sums here are our own. Writing is taken to cost what reading does. Not
 * counted: leakage, clock, control, indices of sparse matrices.
 *
 * @param leftOut gets what has no figure
 * @returns null where synaptic operations or multiply-accumulates have no figure, without which an estimate says nothing
 */
export function energyOf(work: Counts, sizes: Sizes, hardware: Hardware, leftOut: LeftOut): Energy | null {
  const { picojoules: each, bytes } = hardware;
  let known = true;
  const price = (count: number, pj: number | null, what: string): number => {
    if (count === 0) return 0;
    if (pj !== null) return count * pj;
    leftOut.set(what, (leftOut.get(what) ?? 0) + count);
    if (NEEDED.includes(what)) known = false;
    return 0;
  };
  let operations =
    price(work.synapticOperations, each.synapticOperation, NEEDED[0]!) +
    price(work.multiplyAccumulates, each.multiplyAccumulate, NEEDED[1]!) +
    price(work.spikes, each.spike, 'spikes on their way');
  if (each.update !== null && work.updates > 0) operations += work.updates * each.update;
  else
    operations +=
      price(work.adds, each.add, 'additions') +
      price(work.multiplies, each.multiply, 'multiplications') +
      price(work.functions, each.function, 'exponentials, quotients and the like');
  if (!known) return null;
  const { memory } = hardware;
  if (!memory) return { operations, memory: 0, total: operations };
  const weights = perByte(memory, sizes.weights * bytes.weight, memory.weights);
  const moved =
    work.weightReads * bytes.weight * weights +
    (work.stateReads + work.stateWrites) * bytes.state * perByte(memory, sizes.accumulators * bytes.state) +
    (work.activationReads + work.activationWrites) *
      bytes.activation *
      perByte(memory, sizes.inputs * bytes.activation) +
    (work.eventBits / 8) * perByte(memory, 0);
  return { operations, memory: moved, total: operations + moved };
}

/** The same layer without spikes: every product at every step, and nothing for what makes a neuron's output of the sum. */
export function denseEnergyOf(work: Counts, sizes: Sizes, hardware: Hardware, leftOut: LeftOut): Energy | null {
  const { dense, denseOutputs, steps } = work;
  const moved = { weightReads: dense, activationReads: dense, activationWrites: denseOutputs };
  return energyOf({ ...nothing(work), steps, multiplyAccumulates: dense, ...moved }, sizes, hardware, leftOut);
}

const nothing = (like: Counts): Counts => Object.fromEntries(Object.keys(like).map((k) => [k, 0])) as unknown as Counts;

/**
 * Picojoules a byte. Between the sizes for which there are figures the energy follows a power of the size (that of the
 * wires, which grow with its root); below and above it is that of the nearest, larger memories being made of several.
 */
export function perByte({ sizes, word }: Memory, bytes: number, outside: number | null = null): number {
  if (outside !== null) return outside / word;
  const above = sizes.findIndex(([size]) => size >= bytes);
  if (above === 0) return sizes[0]![1] / word;
  if (above < 0) return sizes.at(-1)![1] / word;
  const [[small, low], [large, high]] = [sizes[above - 1]!, sizes[above]!];
  const exponent = Math.log(high / low) / Math.log(large / small);
  return (low * (bytes / small) ** exponent) / word;
}
