import type { Target } from './target.ts';
import { hdf5 } from './targets/hdf5.ts';
import { json } from './targets/json.ts';
import { model } from './targets/model.ts';
import { netx, netxRun } from './targets/netx.ts';
import { nir, nirRun } from './targets/nir.ts';
import { npyTarget, npz } from './targets/numpy.ts';
import { onnx, onnxRun } from './targets/onnx.ts';
import { safetensors } from './targets/safetensors.ts';
import { snapshotTarget } from './targets/snapshot.ts';

const all = [safetensors, model, json, snapshotTarget, npyTarget, npz, onnx, onnxRun, hdf5, nir, nirRun, netx, netxRun];

/** Every reader of files, by name. */
export const targets: ReadonlyMap<string, Target> = new Map(all.map((target) => [target.name, target]));
