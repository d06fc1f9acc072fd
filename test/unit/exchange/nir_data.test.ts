import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { dataset, group, type Hdf5Dataset, type Hdf5Group } from '../../../src/exchange/hdf5/tree.ts';
import { writeHdf5 } from '../../../src/exchange/hdf5/write.ts';
import { type NirObservable, readNirData, writeNirData } from '../../../src/exchange/nir/file/data.ts';
import { arr, fill } from './nir_graphs.ts';

const recorded = new Uint8Array(
  gunzipSync(readFileSync(new URL('../../fixtures/exchange/recorded.nir.gz', import.meta.url))),
);

test('spikes, events and traces of nir are read, and come back from what is written', async () => {
  const data = await readNirData(recorded);
  const lif = data.nodes.get('lif') as ReadonlyMap<string, NirObservable>;
  expect(lif.get('spikes')).toEqual({ kind: 'grid', dt: 1e-4, data: arr([0, 0, 1, 0, 0, 0, 0, 1], [1, 4, 2]) });
  const events = {
    kind: 'events',
    idx: arr([0, 1, -1], [1, 3]),
    time: arr([0.5, 1.5, Number.POSITIVE_INFINITY], [1, 3]),
    neurons: 2,
    tMax: 4,
  };
  expect(lif.get('events')).toEqual({ ...events, value: null });
  expect(lif.get('valued')).toEqual({ ...events, value: arr([1, -2, 0], [1, 3]) });
  const li = data.nodes.get('li') as ReadonlyMap<string, NirObservable>;
  expect(li.get('v')).toEqual({ kind: 'grid', dt: 1e-4, data: fill([1, 4, 2]) });
  const nested = { nodes: new Map([...data.nodes, ['inner', data] as const]) };
  expect(await readNirData(await writeNirData(nested))).toEqual(nested);
});

const text = (value: string): Hdf5Dataset => dataset([value], []);
const one = (value: number): Hdf5Dataset => dataset(Float64Array.of(value), []);
const data = (type: string, children: [string, Hdf5Dataset][], attributes: [string, Hdf5Dataset][]): Hdf5Group => {
  const observable = group(children, [['__type__', text(type)], ...attributes]);
  const node = group([['observables', group([['o', observable]])]], [['__type__', text('NIRNodeData')]]);
  return group([['nodes', group([['x', node]])]], [['__type__', text('NIRGraphData')]]);
};
const at = "'/nodes/x/observables/o";
test.each<[Hdf5Group, string]>([
  [group([]), "'/' has no attribute '__type__' with one value"],
  [group([], [['__type__', text('NIRNodeData')]]), "'/' has __type__ 'NIRNodeData', expected 'NIRGraphData'"],
  [group([], [['__type__', text('NIRGraphData')]]), "'/' has no group 'nodes'"],
  [data('Data', [], []), `${at}' has the unknown type 'Data' of recorded data`],
  [data('TimeGriddedData', [], []), `${at}' has no numbers 'data'`],
  [
    data('TimeGriddedData', [['data', one(1)]], []),
    `${at}/data' must have the shape [samples, steps, neurons], got []`,
  ],
  [
    data('TimeGriddedData', [['data', dataset(Uint8Array.of(1), [1, 1, 1])]], [['dt', one(0)]]),
    `${at}': attribute 'dt' must be a number above 0`,
  ],
  [
    data(
      'EventData',
      [
        ['idx', dataset(Int32Array.of(1, 2), [1, 2])],
        ['time', dataset(Float32Array.of(1))],
      ],
      [],
    ),
    `${at}' must have data of one shape [samples, events], got [1,2] and [1]`,
  ],
  [
    data(
      'EventData',
      [
        ['idx', dataset(Int32Array.of(1, 2), [1, 2])],
        ['time', dataset(Float32Array.of(1, 2), [1, 2])],
      ],
      [
        ['n_neurons', one(2)],
        ['t_max', one(2)],
      ],
    ),
    `${at}/idx' must hold neurons below 2 or -1, got 2: number 1`,
  ],
])('refused %#', async (root, message) => {
  await expect(readNirData(await writeHdf5(root))).rejects.toThrow(message);
});
