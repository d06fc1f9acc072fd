import type { Parameter } from '../../autograd/parameter.ts';
import type { Layer } from '../../layers/layer.ts';
import { type Classes, type ConnectionPart, indent } from './classes.ts';
import { literal } from './print.ts';
import { attribute, plain } from './variables.ts';

/**
 * The lines of `__init__` that make a layer's parameters, under the names that they have in its file: trained ones as
 * nn.Parameter, all others as buffers.
 *
 * @param shape of a parameter by its name, as code: `N, inputs`
 * @param meaning of a parameter, for a comment
 */
export function declare(
  layer: Layer,
  shape: (name: string) => string,
  meaning: (name: string) => string | undefined = () => undefined,
): string[] {
  const lines: string[] = [];
  // a tied parameter may have moved: masks and signs stand behind the weights that they are of
  const isMark = (name: string): boolean => /_(mask|signs)$/.test(name);
  const marks = (name: string): string[] => [`${name}_mask`, `${name}_signs`].filter((m) => layer.params[m]);
  const names = Object.keys(layer.params)
    .filter((name) => !isMark(name))
    .flatMap((name) => [name, ...marks(name)]);
  for (const name of names) {
    const p = layer.params[name]!;
    const [inner, within] = splitName(name);
    if (within && !lines.some((line) => line.startsWith(`self.${within} = `)))
      lines.push(`self.${within} = nn.Module()`);
    const about = meaning(name);
    const comment = about ? `  # ${plain(about)}` : '';
    const zeros = `torch.zeros(${shape(name)})`;
    const owner = within ? `self.${within}` : 'self';
    const at = within ? `self.${within}.${inner}` : attribute(inner, p.trainable);
    if (at.endsWith("']")) lines.push(`${at} = ${p.trainable ? `nn.Parameter(${zeros})` : zeros}${comment}`);
    else if (p.trainable) lines.push(`${at} = nn.Parameter(${zeros})${comment}`);
    else lines.push(`${owner}.register_buffer('${inner}', ${zeros})${comment}`);
  }
  return lines;
}

/** `recurrent.weight` as `weight` within `recurrent`. */
function splitName(name: string): readonly [inner: string, within: string | null] {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? [name, null] : [name.slice(dot + 1), name.slice(0, dot)];
}

/** A parameter as the net reads it: within its range, without connections that are not there. */
export function read(classes: Classes, layer: Layer, name: string): string {
  const p = layer.params[name]!;
  const [inner, within] = splitName(name);
  const at = within ? `self.${within}.${inner}` : attribute(inner, p.trainable);
  const { mask, signs, noDiagonal, rewire } = p.options;
  // the mask of rewired connections holds the sign of each
  const sign = rewire ? `${at}_mask` : signs && `${at}_signs`;
  const said = Object.entries({
    mask: mask && `${at}_mask`,
    signs: sign,
    diagonal: noDiagonal && 'False',
  } satisfies Record<ConnectionPart, unknown>).filter(([, value]) => value);
  for (const [part] of said) classes.connections.add(part as ConnectionPart);
  const list = said.map(([part, value]) => `${part}=${value}`);
  const matrix = list.length ? `connections(${[at, ...list].join(', ')})` : at;
  const range = rangeOf(p);
  if (!range) return matrix;
  if (!p.trainable) return `${matrix}.clamp(${range})`;
  classes.within = true;
  return `within(${matrix}, ${range})`;
}

/** Limits beyond which no float32 is, in effect. */
const UNBOUNDED = 1e38;

/** The range of a parameter, as two arguments; null where it has none. */
function rangeOf(p: Parameter): string | null {
  const { min = -UNBOUNDED, max = UNBOUNDED } = p.options;
  if (min <= -UNBOUNDED && max >= UNBOUNDED) return null;
  // limits are float32 in the kernels; their digits are only shown where a number stands at one
  const beyond = p.data.some((x) => x < min || x > max);
  return [min, max].map((x) => literal(beyond ? Math.fround(x) : x)).join(', ');
}

/** The function that trained constants go through: one at an end of its range can be moved back by its gradient. */
export const WITHIN = `def within(x, low, high):
    """x in its range; the gradient is that of x itself."""
    return x + (x.clamp(low, high) - x).detach()`;

/** The function that the texts of `read` call, with as much as they ask of it. */
export function connectionsFunction(parts: ReadonlySet<ConnectionPart>): string {
  const has = (part: ConnectionPart, ...lines: string[]): string[] => (parts.has(part) ? lines : []);
  return [
    `def connections(weight${has('mask', ', mask=None').join('')}${has('signs', ', signs=None').join('')}${has('diagonal', ', diagonal=True').join('')}):`,
    ...indent([
      '"""Weights as the net reads them: 0 where there is no connection, or one of the wrong sign."""',
      ...has(
        'signs',
        'if signs is not None:',
        '    signs = signs.reshape(weight.shape[1:]) if signs.dim() == 1 else signs',
        '    wrong = (weight * signs < 0).to(weight.dtype)',
        '    weight = weight - (wrong * weight).detach()',
      ),
      ...has('mask', 'if mask is not None:', '    weight = weight * (mask != 0).to(weight.dtype)'),
      ...has('diagonal', 'if not diagonal:', '    weight = weight - torch.diag(torch.diag(weight))'),
      'return weight',
    ]),
  ].join('\n');
}
