import type { FormatName, FormatOptions } from '../../src/exchange/formats.ts';
import { netNames } from './nets.ts';

/** What is to come of a case: the same as in our net, or a known failure that the table tells of. */
export type Expected = 'equal' | { readonly wrong: string } | { readonly refused: string };

/** A net that is written in a format and read by a tool. */
export interface Case {
  readonly id: string;
  readonly tool: ToolName;
  readonly net: string;
  readonly format: FormatName;
  readonly options: FormatOptions;
  /** For the judge, where it can do one thing in several ways. */
  readonly variant: string;
  /** As the table has it. */
  readonly how: string;
  readonly expected: Expected;
}

/** The tools, with the script that asks each, and whether it needs PyTorch. */
export const tools = {
  nir: { title: 'nir, with Euler steps in NumPy', script: 'judge_nir.py', torch: false },
  onnxruntime: { title: 'onnxruntime', script: 'judge_onnx.py', torch: false },
  safetensors: { title: 'safetensors', script: 'judge_arrays.py', torch: false },
  numpy: { title: 'NumPy', script: 'judge_arrays.py', torch: false },
  netx: { title: 'h5py, with Loihi’s integer rules in NumPy', script: 'judge_netx.py', torch: false },
  pytorch: { title: 'PyTorch, the generated module', script: 'judge_pytorch.py', torch: true },
  nirtorch: { title: 'nirtorch, with a node map of one’s own', script: 'judge_nirtorch.py', torch: true },
  norse: { title: 'Norse', script: 'judge_norse.py', torch: true },
  snntorch: { title: 'snnTorch', script: 'judge_snntorch.py', torch: true },
  spikingjelly: { title: 'SpikingJelly', script: 'judge_spikingjelly.py', torch: true },
} as const;

export type ToolName = keyof typeof tools;
export const toolNames = Object.keys(tools) as ToolName[];

const recurrent = new Set(['recurrent', 'variousRecurrent', 'ahp', 'softRecurrent']);
const composed = new Set(['ahp', 'soft', 'softRecurrent']);
const plain = ['feed', 'recurrent', 'various', 'variousRecurrent', 'integrate', 'cuba', 'conv', 'structure'];

/** The conventions of NIR: how the gain is written, and recurrence where there is any. */
function* nirWays(
  net: string,
  gains: readonly string[],
): Generator<{ options: FormatOptions; how: string; gain: string; nesting: string }> {
  // CubaLIF has two gains, of which readers know one way to write them
  for (const gain of net === 'cuba' ? gains.slice(0, 1) : gains)
    for (const nesting of recurrent.has(net) ? ['nested', 'flat'] : ['']) {
      const options = {
        gain,
        ...(nesting ? { recurrence: nesting } : {}),
        ...(composed.has(net) ? { compose: true } : {}),
      };
      const how = [`r = ${gain === 'unit' ? '1' : gain}`, nesting, composed.has(net) ? 'composed' : ''];
      yield { options, how: how.filter(Boolean).join(', '), gain, nesting };
    }
}

/** What a tool is known to make of a NIR file. */
type Known = (net: string, gain: string, nesting: string) => Expected;

interface Reader {
  readonly tool: ToolName;
  readonly nets: readonly string[];
  readonly known: Known;
  readonly gains?: readonly string[];
  readonly variant?: string;
  /** What the table says of the variant. */
  readonly of?: string;
}

const various = (net: string): boolean => net.startsWith('various');
/** Nets with LI, which few importers know. */
const leaky = (net: string): boolean => net === 'ahp' || net === 'structure';

const norse: Known = (net, gain, nesting) => {
  if (nesting === 'flat' && net === 'ahp') return { refused: 'KeyError' };
  if (leaky(net) || net === 'conv') return { refused: 'leaves out' };
  return gain === 'tau/dt' && net !== 'integrate' ? { wrong: 'it ignores r; write r = 1' } : 'equal';
};
const snntorch: Known = (net, gain, nesting) => {
  if (leaky(net)) return { refused: 'LI' };
  if (net === 'integrate') return { refused: 'r != 1 not supported' };
  if (nesting === 'flat') return { wrong: 'its importer feeds the input into the recurrent weights; write it nested' };
  return gain === 'unit' && various(net) ? { wrong: 'it takes one gain for all neurons; write r = tau/dt' } : 'equal';
};
const spikingjelly: Known = (net) => {
  if (leaky(net)) return { refused: 'LI' };
  return various(net) ? { refused: 'tau must be uniform' } : 'equal';
};
/** Nets of snnTorch's own semantics. */
const soft = ['soft', 'softRecurrent', 'softCuba', 'softAlpha'];
const all: Known = () => 'equal';

const flattening = plain.filter((net) => net !== 'conv');
// where Flatten would take the batch along
const single = { nets: ['conv'], variant: 'single', of: 'sample by sample' } as const;
const readers: readonly Reader[] = [
  { tool: 'nir', nets: [...plain, ...composed], known: all },
  { tool: 'nirtorch', nets: [...plain, ...composed], known: all },
  { tool: 'norse', nets: [...flattening, 'ahp'], known: norse },
  { tool: 'norse', ...single, known: norse },
  {
    tool: 'norse',
    nets: ['variousRecurrent', 'ahp'],
    known: all,
    gains: ['unit'],
    variant: 'cells',
    of: 'its cells in nirtorch',
  },
  { tool: 'snntorch', nets: [...flattening, 'ahp'], known: snntorch },
  { tool: 'snntorch', ...single, known: snntorch },
  { tool: 'spikingjelly', nets: [...plain, 'ahp'], known: spikingjelly },
];

/** A folder's name for the files of a case; cases with the same files have the same. */
export const filesOf = ({ net, format, options }: Case): string =>
  `${net}.${format}.${JSON.stringify(options).replace(/[^a-z0-9]+/gi, '_')}`;

/** Every case, in the order of the table. */
export function allCases(): Case[] {
  const cases: Case[] = [];
  const add = (c: Omit<Case, 'id'>) => cases.push({ ...c, id: `${c.tool}-${c.format}-${c.net}-${cases.length}` });
  for (const { tool, nets, known, gains = ['unit', 'tau/dt'], variant = '', of = '' } of readers)
    for (const net of nets)
      for (const { options, how, gain, nesting } of nirWays(net, gains))
        add({
          tool,
          net,
          format: 'nir',
          options,
          variant,
          how: `NIR, ${how}${of && `; ${of}`}`,
          expected: known(net, gain, nesting),
        });
  for (const net of netNames) {
    const rest = { net, expected: 'equal' } as const;
    const sequence = { tool: 'onnxruntime', format: 'onnx', ...rest } as const;
    add({ ...sequence, options: { record: true }, variant: '', how: 'ONNX' });
    if (['recurrent', 'ahp', 'conv', 'GLIF', 'own'].includes(net)) {
      add({ ...sequence, options: { record: true }, variant: 'halves', how: 'ONNX, in two parts' });
      add({ ...sequence, options: { record: true, mode: 'step' }, variant: 'steps', how: 'ONNX, step by step' });
      for (const opset of [13, 21])
        add({ ...sequence, options: { record: true, opset }, variant: '', how: `ONNX, opset ${opset}` });
    }
    add({ tool: 'pytorch', format: 'pytorch', ...rest, options: {}, variant: '', how: 'float32' });
    add({ tool: 'pytorch', format: 'pytorch', ...rest, options: {}, variant: 'double', how: 'float64' });
    // one of each kind of parameter
    if (!['variousRecurrent', 'ahp', 'conv', 'structure', 'GLIF', 'lstm'].includes(net)) continue;
    add({ tool: 'safetensors', format: 'safetensors', ...rest, options: {}, variant: '', how: 'safetensors' });
    add({ tool: 'numpy', format: 'npz', ...rest, options: {}, variant: '', how: '.npz' });
  }
  for (const net of ['loihi', 'loihiCuba', 'feed'])
    add({ tool: 'netx', net, format: 'netx', options: {}, variant: '', how: 'NetX, in integers', expected: 'equal' });
  for (const net of [...soft, 'feed', 'variousRecurrent', 'integrate', 'cuba', 'conv'])
    add({
      tool: 'snntorch',
      net,
      format: 'snntorch',
      options: {},
      variant: '',
      how: 'state_dict',
      expected: 'equal',
    });
  return cases;
}
