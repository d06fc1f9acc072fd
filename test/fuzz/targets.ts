import type { Target } from './target.ts';
import { hdf5 } from './targets/hdf5.ts';
import { json } from './targets/json.ts';
import { load } from './targets/load.ts';
import { model } from './targets/model.ts';
import { netx, netxRun } from './targets/netx.ts';
import { nir, nirImport, nirRun } from './targets/nir.ts';
import { npyTarget, npz } from './targets/numpy.ts';
import { onnx, onnxRun } from './targets/onnx.ts';
import { safetensors } from './targets/safetensors.ts';
import { snapshotTarget } from './targets/snapshot.ts';
import { snntorch } from './targets/snntorch.ts';

const all = [
  safetensors,
  model,
  json,
  snapshotTarget,
  snntorch,
  npyTarget,
  npz,
  load,
  onnx,
  onnxRun,
  hdf5,
  nir,
  nirRun,
  nirImport,
  netx,
  netxRun,
];

/** Every reader of files, by name. */
export const targets: ReadonlyMap<string, Target> = new Map(all.map((target) => [target.name, target]));
