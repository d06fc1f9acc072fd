import { decodeSafetensors } from '../io/safetensors.ts';
import type { Layer } from '../layers/layer.ts';
import type { Sequential } from '../layers/sequential.ts';
import type { Inspection, Verdict } from './exported.ts';
import { type FileStore, nodeFiles } from './files.ts';
import { type FormatName, formatNames, formats } from './formats.ts';
import { readHdf5 } from './hdf5/read.ts';
import { hdf5Kind, identify } from './identify.ts';
import { type LoadOptions, load } from './load.ts';
import { inspectNetx } from './netx/index.ts';
import { inspectNir } from './nir/index.ts';
import { decodeNpy, decodeNpz } from './numpy/index.ts';
import { inspectOnnx } from './onnx/index.ts';
import { inspectSnntorch, isSnntorch } from './snntorch/index.ts';

/** A file, and what becomes of the net in it. */
export interface Inspected {
  readonly inspection: Inspection;
  /** The net, where layers of ours compute it; otherwise why not. */
  readonly net: Sequential | null;
  readonly problem: string;
  /** What each format would make of that net, with the format's usual options. */
  readonly verdicts: ReadonlyMap<FormatName, Verdict>;
}

/**
 * What is in a file: its graph or its tensors, and what each format would lose of the net.
 *
 * @throws when it is of no format that is known, or damaged
 */
export async function inspect(path: string, options: LoadOptions = {}): Promise<Inspected> {
  const files: FileStore = options.files ?? (await nodeFiles('inspect'));
  const bytes = await files.read(path);
  let net: Sequential | null = null;
  let problem = '';
  try {
    net = (await load(path, { ...options, files })).net;
  } catch (error) {
    problem = (error as Error).message;
  }
  const inspection = (await shown(bytes)) ?? (net ? ofNet(net) : tensorsOf(bytes));
  if (!inspection) throw new Error(problem);
  const verdicts = new Map(net ? formatNames.map((name) => [name, formats[name].check(net, {})] as const) : []);
  return { inspection, net, problem, verdicts };
}

/** What the file itself shows; null where the net in it says more, and where it is unknown. */
async function shown(bytes: Uint8Array): Promise<Inspection | null> {
  switch (identify(bytes)) {
    case 'onnx':
      return inspectOnnx(bytes);
    case 'hdf5': {
      const kind = hdf5Kind(await readHdf5(bytes));
      return kind === 'nir' ? inspectNir(bytes) : kind === 'netx' ? inspectNetx(bytes) : null;
    }
    case 'npy':
      return arrays('NumPy array', new Map([['array', decodeNpy(bytes)]]));
    case 'zip':
      return decodeNpz(bytes).then(
        (found) => arrays('NumPy arrays', found),
        () => null,
      );
    case 'safetensors': {
      const { tensors } = decodeSafetensors(bytes);
      return isSnntorch([...tensors.keys()]) ? inspectSnntorch(bytes) : null;
    }
    default:
      return null;
  }
}

function arrays(
  format: string,
  found: ReadonlyMap<string, { readonly dtype: string; readonly shape: readonly number[] }>,
): Inspection {
  const nodes = [...found].map(([name, { dtype, shape }]) => ({
    name,
    type: dtype,
    shape: `[${shape.join(', ')}]`,
    detail: '',
    from: [],
  }));
  return { format, facts: { arrays: nodes.length }, nodes };
}

/** Tensors without a net that is known. */
const tensorsOf = (bytes: Uint8Array): Inspection | null =>
  identify(bytes) === 'safetensors' ? arrays('safetensors', decodeSafetensors(bytes).tensors) : null;

/** A net of ours, layer by layer. */
export function ofNet(net: Sequential): Inspection {
  const parameters = net.parameters().reduce((sum, p) => sum + p.data.length, 0);
  const nodes: Inspection['nodes'][number][] = [];
  /** @returns the places whose outputs leave the layer */
  const flow = (layer: Layer, place: string, from: readonly string[]): readonly string[] => {
    const { kind } = layer.config;
    const within = Object.entries(layer.children);
    const inside = (name: string): string => (place ? `${place}.${name}` : name);
    const chain = (parts: typeof within): readonly string[] =>
      parts.reduce((before, [name, child]) => flow(child, inside(name), before), from);
    if (kind === 'Sequential') return chain(within);
    if (kind === 'Parallel') return within.flatMap(([name, child]) => flow(child, inside(name), from));
    if (kind === 'Residual') {
      const past = within.filter(([name]) => name === 'projection');
      const body = chain(within.filter(([name]) => name !== 'projection'));
      return [...body, ...(past.length ? chain(past) : from)];
    }
    const shape = `${layer.inputs} -> ${layer.outputs}`;
    nodes.push({ name: place, type: kind, shape, detail: detailOf(layer), from });
    return [place];
  };
  flow(net, '', []);
  return { format: 'spiketape', facts: { inputs: net.inputs, outputs: net.outputs, parameters }, nodes };
}

/** Parameters: matrices by their shape, constants by their range. */
function detailOf(layer: Layer): string {
  return Object.entries(layer.params)
    .map(([name, { shape, data }]) => {
      if (shape.length > 1 || /weight|bias/.test(name)) return `${name} [${shape.join(', ')}]`;
      const [low, high] = [Math.min(...data), Math.max(...data)].map((x) => Number(x.toPrecision(4)));
      return `${name} ${low === high ? low : `${low} .. ${high}`}`;
    })
    .join(', ');
}
