import { onlyKnown, suggest } from '../../neurons/nearest.ts';

export interface OnnxOptions {
  /** How the file's name begins ('model'). */
  readonly name?: string;
  /**
   * 'sequence' (default): [T, B, inputs] to [T, B, outputs], a Scan over time for each layer with states. 'step': one time step,
   * [B, inputs] to [B, outputs], for runtimes without loops.
   */
  readonly mode?: 'sequence' | 'step';
  /**
   * What states are: 'optional' inputs with 0 as their default, or 'required' ones, for runtimes that cannot be given optional
   * ones (default: optional in sequences, required in steps).
   */
  readonly states?: 'optional' | 'required';
  /** Puts out the spikes and voltages of every layer of neurons as well (default false). */
  readonly record?: boolean;
  /** Version of ONNX's operators, 13 .. 21 (17). */
  readonly opset?: number;
  /** float64 throughout, inputs as well (default false: float32). */
  readonly double?: boolean;
}

const OPTIONS = ['name', 'mode', 'states', 'record', 'opset', 'double'];
const MODES = ['sequence', 'step'] as const;
const STATES = ['optional', 'required'] as const;

/** @throws on an option that is unknown or of another kind */
export function completeOptions(options: OnnxOptions): Required<OnnxOptions> {
  onlyKnown('ONNX', options, OPTIONS);
  const { name = 'model', mode = 'sequence', record = false, opset = 17, double = false } = options;
  const one = (what: string, value: unknown, known: readonly string[]): void => {
    if (!known.includes(value as string))
      throw new Error(`ONNX: ${what} is unknown: '${value}'${suggest(String(value), known)}`);
  };
  one('mode', mode, MODES);
  const { states = mode === 'step' ? 'required' : 'optional' } = options;
  one('states', states, STATES);
  for (const [what, value] of Object.entries({ record, double }))
    if (typeof value !== 'boolean')
      throw new Error(`ONNX: ${what} must be true or false, got ${JSON.stringify(value)}`);
  if (!(Number.isInteger(opset) && opset >= 13 && opset <= 21))
    throw new Error(`ONNX: opset must be a whole number in 13 .. 21, got ${opset}`);
  if (typeof name !== 'string' || name === '')
    throw new Error(`ONNX: name must be a text, got ${JSON.stringify(name)}`);
  return { name, mode, states, record, opset, double };
}
