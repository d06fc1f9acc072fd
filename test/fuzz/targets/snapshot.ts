import { decodeSafetensors, encodeSafetensors } from '../../../src/io/safetensors.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../src/runs/snapshot_file.ts';
import type { Snapshot } from '../../../src/train/snapshot.ts';
import { anyBytes, oneBit } from '../mutators/bytes.ts';
import { editJson } from '../mutators/json.ts';
import type { Random } from '../random.ts';
import { megabytes, type Target, way } from '../target.ts';

const score = { loss: 0.5, accuracy: 0.75, metrics: {}, spikes: { '0 AHP': 0.1 } };

function snapshot(best: boolean): Snapshot {
  const parameters = { '0.weight': Float32Array.of(1, 2, 3, 4, 5, 6), '0.tau': Float32Array.of(20) };
  const epoch = { ...score, epoch: 1, lr: 0.001, gradientNorm: null, seconds: 3, validation: null };
  return {
    version: 1,
    settings: { 'parameter 0.weight': '3 x 2', 'parameter 0.tau': '1, fixed', optimizer: 'Adam' },
    adapter: 'none',
    epoch: 2,
    batch: 0,
    seconds: 0,
    sums: { steps: { loss: 1, samples: 4 }, norms: { count: 0, sum: 0, largest: 0 } },
    epochs: [epoch],
    parameters,
    optimizer: { steps: 7, scale: 1, groups: [{ lr: 0.001 }], moments: Float32Array.from({ length: 12 }, (_, i) => i) },
    best: best ? { epoch: 1, value: Number.NaN, parameters } : null,
  } as unknown as Snapshot;
}

/** The part that is JSON, changed, in a file that is whole. */
function editMetadata(bytes: Uint8Array, random: Random): Uint8Array | null {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const [key, text] = Object.entries(metadata)[0]!;
  const named = [...tensors].map(([name, tensor]) => ({ name, ...tensor }));
  if (random.chance(0.2)) named.splice(random.int(named.length), 1);
  const edited = editJson(text, random);
  // what cannot be written as text in a file
  return /\p{Surrogate}/u.test(edited) ? null : encodeSafetensors(named, { [key]: edited });
}

/** `decodeSnapshot`, of `spiketape/runs`. Bound: that of `decodeSafetensors`. */
export const snapshotTarget: Target = {
  name: 'snapshot',
  milliseconds: 200,
  bound: (size) => megabytes(16) + 64 * size,
  says: /^(decodeSnapshot|safetensors): /,
  async seeds() {
    return [encodeSnapshot(snapshot(false)), encodeSnapshot(snapshot(true))];
  },
  makes: [
    way('bytes', 1, anyBytes),
    way('one bit', 1, oneBit),
    way('json', 6, (bytes, _, random) => editMetadata(bytes, random)),
  ],
  read: decodeSnapshot,
  wrong(value, _, how) {
    if (how === 'one bit') return 'one bit is not as it was written';
    const { settings, parameters, optimizer, best, epoch, batch } = value as Snapshot;
    if (!(optimizer.moments instanceof Float32Array)) return 'there are no moments';
    if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(batch)) return 'it stands at no step';
    for (const name of Object.keys(settings).filter((key) => key.startsWith('parameter '))) {
      const own = name.slice('parameter '.length);
      if (!(parameters[own] instanceof Float32Array)) return `parameter '${own}' is missing`;
      if (best && !(best.parameters[own] instanceof Float32Array)) return `the best '${own}' is missing`;
    }
    return null;
  },
};
