import { type Expr, meaning, topological } from './expr.ts';

/** How spikes behave: as steps, or as the surrogate's primitive (with which a whole net is differentiable). */
export type SpikeRule = (x: number, test: string) => number;

/**
 * Compiles expressions for float64 evaluation. The caller writes inputs into `values` by position, calls `run`, and
 * reads the results; nothing is allocated per call.
 */
export interface Program {
  /** Writes the value of an input; unknown inputs are ignored. */
  set(input: Expr, value: number): void;
  run(): void;
  get(node: Expr): number;
}

/**
 * @param inputs nodes whose value is given from outside; they are not entered
 * @param spikeRule what a spike does with its x
 * @param round applied to every result: Math.fround to see what float32 makes of the expressions
 */
export function compile(
  roots: readonly Expr[],
  inputs: readonly Expr[],
  spikeRule: SpikeRule,
  round: (x: number) => number = (x) => x,
): Program {
  const given = new Set(inputs);
  const order = topological(roots, given);
  const position = new Map(order.map((e, i) => [e, i]));
  const values = new Float64Array(order.length);
  const steps: (() => void)[] = [];
  order.forEach((e, at) => {
    if (given.has(e)) return;
    const [a = 0, b = 0, c = 0] = e.args.map((x) => position.get(x)!);
    if (e.op === 'const') values[at] = round(e.value);
    else if (e.op === 'leaf') throw new Error(`compile: '${e.name}' is given no value`);
    else if (e.op === 'spike')
      steps.push(() => {
        values[at] = spikeRule(values[a]!, e.name);
      });
    else {
      const f = meaning[e.op];
      steps.push(() => {
        values[at] = round(f(values[a]!, values[b]!, values[c]!));
      });
    }
  });
  return {
    set(node, value) {
      const at = position.get(node);
      if (at !== undefined) values[at] = value;
    },
    run() {
      for (const s of steps) s();
    },
    get(node) {
      return values[position.get(node)!]!;
    },
  };
}
