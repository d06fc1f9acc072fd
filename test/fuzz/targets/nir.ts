import type { Imported } from '../../../src/exchange/exported.ts';
import type { NirFile } from '../../../src/exchange/nir/file/graph.ts';
import { readNir } from '../../../src/exchange/nir/file/read.ts';
import { validateNir } from '../../../src/exchange/nir/file/validate.ts';
import { encodeNir } from '../../../src/exchange/nir/from_net/export.ts';
import { replayGraph } from '../../../src/exchange/nir/run/replay.ts';
import { netOf } from '../../../src/exchange/nir/to_net/import.ts';
import { fixture } from '../fixtures.ts';
import { anyBytes } from '../mutators/bytes.ts';
import { plainNets } from '../nets.ts';
import { sample } from '../sample.ts';
import { type Target, way } from '../target.ts';
import { patience, throughTree, worker } from './hdf5.ts';
import { wrongNet } from './model.ts';

const ours = async (): Promise<Uint8Array[]> =>
  Promise.all(plainNets().map(async (net) => (await encodeNir(net)).files[0]!.bytes));

const makes = [way('bytes', 1, anyBytes), way('tree', 8, throughTree)];
const SAYS = /^(HDF5|not an HDF5 file|readHdf5|not a NIR graph): |^'\/node'|^(node|the graph|graph|edge|NIR)\b/;

/** `readNir`: reading and validating. */
export const nir: Target = {
  name: 'nir',
  ...worker,
  says: SAYS,
  seeds: async () => [
    ...(await ours()),
    fixture('every_primitive.nir.gz'),
    fixture('recurrent.nir.gz'),
    fixture('old_style.nir.gz'),
  ],
  makes,
  read: (bytes) => readNir(bytes, patience),
  wrong(value) {
    const { graph, version } = value as NirFile;
    validateNir(graph);
    return typeof version === 'string' ? null : 'its version is no text';
  },
};

/** `replayNir`: running what was read. */
export const nirRun: Target = {
  name: 'nir-run',
  ...worker,
  says: new RegExp(`${SAYS.source}|^runNir: `),
  seeds: ours,
  makes,
  read: async (bytes) => replayGraph((await readNir(bytes, patience)).graph, sample()),
};

/** `decodeNir`: a net of what was read. */
export const nirImport: Target = {
  name: 'nir-import',
  ...worker,
  says: new RegExp(`${SAYS.source}|^(decodeNir|Sequential): `),
  seeds: async () => [...(await ours()), fixture('recurrent.nir.gz')],
  makes,
  read: async (bytes) => netOf((await readNir(bytes, patience)).graph),
  wrong: (value) => wrongNet((value as Imported).net),
};
