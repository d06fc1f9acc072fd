import { type SavedModel, saveModel } from '../io/model.ts';
import { decodeSafetensors, encodeSafetensors } from '../io/safetensors.ts';
import type { Sequential } from '../layers/sequential.ts';

/** Under which the structure stands in the metadata of the parameters. */
const KEY = 'spiketape.model';

/**
 * A net as `saveModel` gives it, with the structure in the parameters' metadata besides: that file is then a net by itself, and
 * one that was written cannot be read with the structure of another.
 */
export function modelFiles(net: Sequential): SavedModel {
  const { json, safetensors } = saveModel(net);
  const { tensors, metadata } = decodeSafetensors(safetensors);
  const named = [...tensors].map(([name, tensor]) => ({ name, ...tensor }));
  return { json, safetensors: encodeSafetensors(named, { ...metadata, [KEY]: json }) };
}

/** The structure that a file of parameters brings along, or null. */
export const structureIn = (metadata: Readonly<Record<string, string>>): string | null =>
  Object.hasOwn(metadata, KEY) ? metadata[KEY]! : null;
