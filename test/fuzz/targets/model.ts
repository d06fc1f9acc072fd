import { ownPartsOf } from '../../../src/exchange/own_parts.ts';
import { loadModel, saveModel } from '../../../src/io/model.ts';
import type { Sequential } from '../../../src/layers/sequential.ts';
import { anyBytes, join } from '../mutators/bytes.ts';
import { editJson } from '../mutators/json.ts';
import { nets } from '../nets.ts';
import type { Random } from '../random.ts';
import { megabytes, type Target, way } from '../target.ts';

/** Both files of a model as one: the length of the first, then each. */
function pack(json: Uint8Array, safetensors: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, json.length);
  return join(length, json, safetensors);
}

function unpack(bytes: Uint8Array): [json: Uint8Array, safetensors: Uint8Array] {
  const length = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return [bytes.slice(4, 4 + length), bytes.slice(4 + length)];
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** A net that is small as text and huge as a net: each part holds the one before several times. */
function tower(random: Random): string {
  const [floors, times] = [2 + random.int(60), 1 + random.int(8)];
  const parts = Array.from({ length: floors - 1 }, (_, below) => {
    const layers = new Array(times).fill({ kind: 'Shared', place: String(below) });
    return JSON.stringify({ kind: 'Sequential', layers: Object.fromEntries(layers.entries()) });
  });
  return [LEAF, ...parts].join();
}

const LEAF = '{"kind":"LIF","sizes":[4],"options":{}}';

/** Parts within one another. */
function nest(random: Random): string {
  const open = `{"kind":"${random.pick(['Sequential', 'Parallel', 'Residual'])}","layers":{"0":`;
  const depth = random.length(10_000);
  return `${open.repeat(depth)}${LEAF}${'}}'.repeat(depth)}`;
}

/** @returns what is wrong with a net that was read, or null */
export function wrongNet(net: Sequential): string | null {
  for (const [name, p] of net.namedParameters()) {
    const numbers = p.shape.reduce((a, b) => a * b, 1);
    if (p.data.length !== numbers) return `parameter '${name}' of [${p.shape}] has ${p.data.length} numbers`;
  }
  const saved = saveModel(net);
  // an infinite number, which JSON reads and cannot write, may have stood for true
  if (/\bnull\b/.test(saved.json)) return null;
  return saveModel(loadModel(saved, ownPartsOf(net))).json === saved.json
    ? null
    : 'it is another net when it is saved and read once more';
}

/**
 * `loadModel`. Bound: parameters take no more than the safetensors file has, with the masks and drawn numbers of one layer at a
 * time; a layer itself, some kilobytes.
 */
export const model: Target = {
  name: 'model',
  milliseconds: 200,
  bound: (size) => megabytes(24) + 500 * size,
  says: /^(loadModel|safetensors|Sequential): /,
  async seeds() {
    return Object.values(nets()).map((net) => {
      const { json, safetensors } = saveModel(net);
      return pack(text(json), safetensors);
    });
  },
  makes: [
    way('json', 10, (bytes, _, random) => {
      const [json, safetensors] = unpack(bytes);
      return pack(text(editJson(new TextDecoder().decode(json), random)), safetensors);
    }),
    way('json bytes', 2, (bytes, other, random) => {
      const [json, safetensors] = unpack(bytes);
      return pack(anyBytes(json, unpack(other)[0], random), safetensors);
    }),
    way('safetensors', 1, (bytes, other, random) => {
      const [json, safetensors] = unpack(bytes);
      return pack(json, anyBytes(safetensors, unpack(other)[1], random));
    }),
    way('tower', 1, (bytes, _, random) => {
      const [json, safetensors] = unpack(bytes);
      const layers = random.chance(0.6) ? tower(random) : nest(random);
      const others = { ...JSON.parse(new TextDecoder().decode(json)), layers: undefined };
      return pack(text(`${JSON.stringify(others).slice(0, -1)},"layers":[${layers}]}`), safetensors);
    }),
  ],
  read(bytes) {
    const [json, safetensors] = unpack(bytes);
    return loadModel({ json: new TextDecoder().decode(json), safetensors });
  },
  wrong: (value) => wrongNet(value as Sequential),
};
