import type { Gated } from '../../gated/layer.ts';
import { fromInput, fromStates } from '../../kernels/gated_cell.ts';
import { state } from '../../neurons/definition.ts';
import type { Expr } from '../../neurons/expr.ts';
import { type Classes, indent } from './classes.ts';
import { declare, read } from './parameters.ts';
import { schedule } from './schedule.ts';
import { Variables } from './variables.ts';

/** The class of a layer of gated cells, printed from the cell's equations. @returns the call that makes the layer */
export function gatedModule(classes: Classes, layer: Gated): string {
  const { cell } = layer;
  const { bias } = layer.params;
  const ownBias = layer.params['recurrent.bias'] !== undefined;
  const name = classes.add(cell.name, (n) => {
    const variables = new Variables();
    const given = new Map<Expr, string>();
    for (const s of cell.states) given.set(state(s), variables.take(s));
    const inputs = cell.gates.map((g) => variables.take(`x_${g}`));
    const recurrent = cell.gates.map((g) => variables.take(`s_${g}`));
    cell.gates.forEach((g, i) => {
      given.set(fromInput(g), inputs[i]!);
      given.set(fromStates(g), recurrent[i]!);
    });
    const states = cell.states.map((s) => given.get(state(s))!);
    const h = states[0]!;
    const step = schedule({
      roots: [...cell.states].reverse().map((s) => cell.next[s]!),
      given,
      varying: new Set(given.keys()),
      prefer: (e) => cell.states.find((s) => cell.next[s] === e),
      finals: cell.states.map((s, i) => [states[i]!, cell.next[s]!] as const),
      record: null,
      spike: (x) => x,
      variables,
    });
    const [all, count] = [states.length > 1 ? states.join(', ') : `${h},`, cell.gates.length];
    const product = (of: string, weight: string, b: string | null): string =>
      `F.linear(${of}, ${weight}${b ? `, ${b}` : ''})`;
    const shape = (p: string): string =>
      p === 'weight' ? `${count} * H, inputs` : p === 'recurrent.weight' ? `${count} * H, H` : `${count} * H`;
    return [
      `class ${n}(nn.Module):`,
      ...indent([
        `"""${cell.name}: [T, B, inputs] to [T, B, H]. Rows of the weights by gate: ${cell.gates.join(', ')}."""`,
        '',
        'def __init__(self, inputs, H):',
        ...indent(['super().__init__()', ...declare(layer, shape)]),
        '',
        'def forward(self, x, state=None):',
        ...indent([
          `current = ${product('x', read(classes, layer, 'weight'), bias ? read(classes, layer, 'bias') : null)}`,
          `recurrent = ${read(classes, layer, 'recurrent.weight')}`,
          ...(ownBias ? [`recurrent_bias = ${read(classes, layer, 'recurrent.bias')}`] : []),
          `${states.length > 1 ? all : `(${all})`} = x.new_zeros(${states.length}, x.shape[1], recurrent.shape[1]) if state is None else state`,
          'outputs = []',
          'for I in current:',
          ...indent([
            `${inputs.join(', ')} = I.chunk(${count}, -1)`,
            `${recurrent.join(', ')} = ${product(h, 'recurrent', ownBias ? 'recurrent_bias' : null)}.chunk(${count}, -1)`,
            ...step,
            `outputs.append(${h})`,
          ]),
          `return torch.stack(outputs), torch.stack((${all})), {}`,
        ]),
      ]),
    ].join('\n');
  });
  return `${name}(${layer.inputs}, ${layer.outputs})`;
}
