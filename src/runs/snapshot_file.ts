import { checkKeys } from '../io/duplicate-keys.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../io/safetensors.ts';
import type { EpochResult } from '../train/options.ts';
import type { Snapshot } from '../train/snapshot.ts';
import { checkStored, type StoredSnapshot } from './snapshot_check.ts';

/** Key of the file's metadata under which all stands that is no tensor. */
const KEY = 'spiketape.snapshot';
const MOMENTS = 'moments';
const BEST = 'best/';

/**
 * A snapshot as a safetensors file: parameters under their own names and shapes, so that other tools can read them, those of
 * the best epoch behind `best/`, what the optimiser remembers as `moments` [slabs, trained numbers]; the rest as JSON in the
 * metadata. All numbers are kept to the bit. Of the epochs that are done, the validation's predictions and labels are left out
 * except the last one's, which would make the file grow with every epoch.
 */
export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const { parameters, optimizer, best, epochs, settings, ...rest } = snapshot;
  const { moments, ...ofOptimizer } = optimizer;
  const json = {
    ...rest,
    settings,
    epochs: epochs.map((e, i) => (i === epochs.length - 1 ? e : withoutPredictions(e))),
    optimizer: ofOptimizer,
    best: best && { epoch: best.epoch, value: best.value },
  };
  const named = (of: Readonly<Record<string, Float32Array>>, prefix: string): NamedTensor[] =>
    Object.entries(of).map(([name, data]) => {
      const shape = settings[`parameter ${name}`]!.split(',')[0]!.split(' x ').map(Number);
      return { name: `${prefix}${name}`, dtype: 'F32', shape, data };
    });
  const tensors: NamedTensor[] = [
    ...named(parameters, ''),
    ...named(best?.parameters ?? {}, BEST),
    { name: MOMENTS, dtype: 'F32', shape: [moments.length], data: moments },
  ];
  return encodeSafetensors(tensors, { [KEY]: JSON.stringify(json, plain) });
}

/** @throws when the file is damaged, or is no snapshot of this version */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const text = metadata[KEY];
  if (text === undefined) throw new Error(`decodeSnapshot: the file's metadata has no '${KEY}': it is no snapshot`);
  const json = storedIn(text);
  const numbers = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor?.dtype !== 'F32') throw new Error(`decodeSnapshot: tensor '${name}' must be F32, got ${tensor?.dtype}`);
    return tensor.data as Float32Array;
  };
  const behind = (prefix: string): Record<string, Float32Array> =>
    Object.fromEntries(
      Object.keys(json.settings)
        .filter((name) => name.startsWith('parameter '))
        .map((name) => name.slice('parameter '.length))
        .map((name) => [name, numbers(`${prefix}${name}`)]),
    );
  return {
    ...json,
    parameters: behind(''),
    optimizer: { ...json.optimizer, moments: numbers(MOMENTS) },
    best: json.best && { ...json.best, parameters: behind(BEST) },
  };
}

function storedIn(text: string): StoredSnapshot {
  let json: unknown;
  try {
    JSON.parse(text);
    // a text that is nested too deep for what follows is refused before it
    checkKeys(text, KEY);
    json = JSON.parse(text, lossless);
  } catch (cause) {
    throw new Error(`decodeSnapshot: metadata '${KEY}' is no JSON of a snapshot: ${(cause as Error).message}`, {
      cause,
    });
  }
  checkStored(json);
  return json;
}

const withoutPredictions = (e: EpochResult): EpochResult =>
  e.validation ? { ...e, validation: { ...e.validation, predictions: [], labels: [] } } : e;

/** Numbers that JSON does not have, as text that nothing else begins like. */
const MARK = 'number:';

const plain = (_: string, value: unknown): unknown =>
  typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? `${MARK}${Object.is(value, -0) ? '-0' : value}`
    : value;

const lossless = (_: string, value: unknown): unknown =>
  typeof value === 'string' && value.startsWith(MARK) ? Number(value.slice(MARK.length)) : value;
