import { type Expr, leaf, topological } from '../../neurons/expr.ts';
import { constant, type Surrogate } from '../../neurons/surrogate.ts';
import { type Classes, indent } from './classes.ts';
import { literal } from './print.ts';
import { schedule } from './schedule.ts';
import { plain, Variables } from './variables.ts';

/** What shared parts of a derivative are called. */
const PARTS = ['r', 's', 'u', 'w', 'p', 'q'];

/**
 * The spike of a layer as an autograd function.
 *
 * @param test '>' or '>='
 * @returns the name of its class
 */
export function spikeFunction(classes: Classes, surrogate: Surrogate, test: string): string {
  const variables = new Variables();
  const x = leaf('x');
  const derivative = surrogate.derivative(x);
  const given = new Map<Expr, string>([[x, variables.own('x')]]);
  for (const name of ['ctx', 'grad']) variables.own(name);
  const constants = Object.entries(surrogate.constants).map(([name, value]) => {
    const variable = variables.take(name);
    given.set(constant(name), variable);
    return `${variable} = ${literal(value)}`;
  });
  let part = 0;
  const parts = new Map<Expr, string>();
  const lines = schedule({
    roots: [derivative],
    given,
    varying: new Set([x]),
    prefer: (e) => {
      if (e === derivative) return 'derivative';
      if (!parts.has(e)) parts.set(e, PARTS[part++] ?? 'part');
      return parts.get(e);
    },
    finals: [],
    record: null,
    spike: (text) => text,
    variables,
    isNumber: (e) => !topological([e]).includes(x),
  });
  const plainDerivative = lines.at(-1)?.startsWith('derivative = ') ? lines.slice(0, -1) : lines;
  const value = lines.at(-1)?.replace(/^derivative = /, '') ?? given.get(derivative) ?? literal(derivative.value);
  return classes.add('Spike', (name) =>
    [
      `class ${name}(torch.autograd.Function):`,
      ...indent([
        `"""The spike [x ${test} 0]; in the backward pass the surrogate derivative '${plain(surrogate.name)}' stands for its own."""`,
        '',
        '@staticmethod',
        'def forward(ctx, x):',
        ...indent(['ctx.save_for_backward(x)', `return (x ${test} 0).to(x.dtype)`]),
        '',
        '@staticmethod',
        'def backward(ctx, grad):',
        ...indent([
          ...(plainDerivative.length || value.includes('x') ? ['(x,) = ctx.saved_tensors'] : []),
          ...constants,
          ...plainDerivative,
          value === '1' ? 'return grad' : `return grad * (${value})`,
        ]),
      ]),
    ].join('\n'),
  );
}
