import type { Imported } from '../../../src/exchange/exported.ts';
import { encodeJson } from '../../../src/exchange/json.ts';
import { fromBlob } from '../../../src/exchange/load.ts';
import { zip } from '../../../src/exchange/numpy/zip.ts';
import { encodeSnntorch } from '../../../src/exchange/snntorch/index.ts';
import { saveModel } from '../../../src/io/model.ts';
import { anyBytes } from '../mutators/bytes.ts';
import { nets, plainNets } from '../nets.ts';
import { megabytes, type Target, way } from '../target.ts';
import { wrongNet } from './model.ts';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** `load`, which takes a file for what its content says. What the worker reads is the `hdf5` target's to damage. */
export const load: Target = {
  name: 'load',
  milliseconds: 400,
  bound: (size) => megabytes(48) + 1100 * size,
  says: /^(load|json|loadModel|safetensors|Sequential|snnTorch|snntorch|decodeSnntorch|blob|HDF5|not an HDF5 file)\b/,
  async seeds() {
    const { json, safetensors } = saveModel(nets().ahp!);
    const model = await zip(
      new Map([
        ['model.safetensors', safetensors],
        ['model.json', text(json)],
      ]),
    );
    const others = (await encodeSnntorch(plainNets()[0]!)).files[0]!.bytes;
    return [model, text(encodeJson(nets().planes!)), others];
  },
  makes: [way('bytes', 1, anyBytes)],
  read: (bytes) => fromBlob(new Blob([bytes.slice()])),
  wrong: (value) => wrongNet((value as Imported).net),
};
