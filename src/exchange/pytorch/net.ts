import { tiesOf } from '../../io/structure.ts';
import type { Layer } from '../../layers/layer.ts';
import type { Sequential } from '../../layers/sequential.ts';
import { type Classes, indent } from './classes.ts';
import { moduleOf } from './modules.ts';
import { attribute, plain, Variables } from './variables.ts';

/** The class of the whole net: its layers by their places, and a forward pass in which each has a line. */
export function netClass(classes: Classes, net: Sequential): string {
  const first = new Map<Layer, string>();
  const again: string[] = [];
  const variables = new Variables();
  for (const name of ['before', 'after', 'run', 'record', 'place', 'layer']) variables.own(name);

  /** The call that makes the modules of a layer, in lines. */
  const make = (layer: Layer, place: string): string[] => {
    const known = first.get(layer);
    if (known !== undefined) {
      again.push(`${at(place)} = ${at(known)}`);
      return ['nn.Identity()'];
    }
    first.set(layer, place);
    const { kind } = layer.config;
    const within = (entries: readonly (readonly [string, Layer])[]): string[][] =>
      entries.map(([name, child]) => make(child, place ? `${place}.${name}` : name));
    const children = Object.entries(layer.children);
    if (kind === 'Sequential') return call('nn.Sequential', within(children));
    if (kind === 'Parallel') return call('nn.ModuleList', within(children), ['[', ']']);
    if (kind === 'Residual') {
      const body = children.filter(([name]) => name !== 'projection');
      const projection = children.filter(([name]) => name === 'projection');
      return call(
        'nn.ModuleDict',
        [
          prefixed("'body': ", call('nn.Sequential', within(body))),
          ...within(projection).map((lines) => prefixed("'projection': ", lines)),
        ],
        ['{', '}'],
      );
    }
    return [moduleOf(classes, layer)?.make ?? 'nn.Identity()'];
  };

  /** The lines that run a layer; they leave its output in the same variable. */
  const run = (layer: Layer, place: string, variable: string): string[] => {
    const { kind } = layer.config;
    const children = Object.entries(layer.children);
    const inside = (list: readonly (readonly [string, Layer])[], v: string): string[] =>
      list.flatMap(([name, child]) => run(child, place ? `${place}.${name}` : name, v));
    if (kind === 'Sequential') return inside(children, variable);
    if (kind === 'Parallel') {
      const branches = children.map(([name, child]) => {
        const v = variables.take('branch');
        return { v, lines: [`${v} = ${variable}`, ...run(child, `${place}.${name}`, v)] };
      });
      const all = branches.map((b) => b.v);
      const merged =
        layer.config.merge === 'sum'
          ? all.join(' + ')
          : `torch.cat((${all.length > 1 ? all.join(', ') : `${all[0]},`}), -1)`;
      return [...branches.flatMap((b) => b.lines), `${variable} = ${merged}`];
    }
    if (kind === 'Residual') {
      const [body, past] = [variables.take('body'), variables.take('past')];
      const projection = layer.children.projection;
      return [
        `${body}, ${past} = ${variable}, ${variable}`,
        ...inside(
          children.filter(([name]) => name !== 'projection'),
          body,
        ),
        ...(projection ? run(projection, `${place}.projection`, past) : []),
        `${variable} = ${body} + ${past}`,
      ];
    }
    const module = moduleOf(classes, layer);
    if (!module?.make) return [];
    if (!module.carries) return [`${variable} = ${at(place)}(${variable})`];
    return [`${variable} = run('${place}', ${at(place)}, ${variable})`];
  };

  const layers = Object.entries(net.children).map(([name, child]) => {
    const lines = make(child, name);
    return [
      ...lines.slice(0, -1),
      `${lines.at(-1)},  # ${name}: ${plain(child.config.kind)}${first.get(child) === name ? '' : ` of ${first.get(child)} again`}`,
    ];
  });
  const ties = Object.entries(tiesOf(net)).sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  const alone = ties.filter(([name, to]) => !shares(first, net, name, to));
  const steps = Object.entries(net.children).flatMap(([name, child]) => run(child, name, 'x'));
  return [
    ...(ties.length
      ? [
          `# further names of parameters that stand in several places; the file has them once`,
          `TIED = {`,
          ...indent(ties.map(([name, to]) => `'${name}': '${to}',`)),
          '}',
          '',
          '',
        ]
      : []),
    'class Net(nn.Sequential):',
    ...indent([
      `"""[T, B, ${net.inputs}] to [T, B, ${net.outputs}], time first."""`,
      '',
      'def __init__(self):',
      ...indent([
        'super().__init__(',
        ...indent(layers.flat()),
        ')',
        ...again,
        ...alone.map(([name, to]) => `${parameterAt(net, name)} = ${parameterAt(net, to)}`),
      ]),
      '',
      'def forward(self, x, state=None, record=None):',
      ...indent([
        '"""',
        'state: what an earlier call returned, to go on from there (default: every state 0)',
        "record: a dict that gets 'spikes.0' and 'voltage.0', [T, B, N], of each layer of neurons by its place",
        'returns the output and the states after the last step',
        '"""',
        'before, after = state or {}, {}',
        '',
        'def run(place, layer, x):',
        ...indent([
          'y, after[place], recorded = layer(x, before.get(place))',
          'if record is not None:',
          "    record.update({f'{what}.{place}': values for what, values in recorded.items()})",
          'return y',
        ]),
        '',
        ...steps,
        'return x, after',
      ]),
      ...(ties.length
        ? [
            '',
            'def _load_from_state_dict(self, state_dict, prefix, *args):',
            ...indent([
              'for name, first in TIED.items():',
              '    state_dict.setdefault(prefix + name, state_dict[prefix + first])',
              'super()._load_from_state_dict(state_dict, prefix, *args)',
            ]),
          ]
        : []),
    ]),
  ].join('\n');
}

/** A place as Python finds it: `1.body.0` is self[1]['body'][0]. */
const at = (place: string): string =>
  `self${place
    .split('.')
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `['${part}']`))
    .join('')}`;

/** A parameter by its name in the net. */
function parameterAt(net: Sequential, name: string): string {
  const { layer, name: own } = parameterOf(net, name);
  const place = name.slice(0, -own.length - 1);
  return attribute(own, layer.params[own]!.trainable).replace('self', at(place));
}

/** Whether two names are of one parameter because the layer stands in both places. */
function shares(first: ReadonlyMap<Layer, string>, net: Sequential, name: string, to: string): boolean {
  const own = parameterOf(net, name);
  const other = parameterOf(net, to);
  return own.layer === other.layer && own.name === other.name && first.has(own.layer);
}

/** The innermost layer of a parameter, and its name there. */
function parameterOf(net: Layer, name: string): { layer: Layer; name: string } {
  const child = Object.entries(net.children).find(([c]) => name.startsWith(`${c}.`));
  return child ? parameterOf(child[1], name.slice(child[0].length + 1)) : { layer: net, name };
}

function call(name: string, args: readonly string[][], [open, close]: readonly [string, string] | [] = []): string[] {
  const inside = args.flatMap((lines) => [...lines.slice(0, -1), `${lines.at(-1)},`]);
  return [`${name}(${open ?? ''}`, ...indent(inside), `${close ?? ''})`];
}

const prefixed = (prefix: string, [head, ...rest]: readonly string[]): string[] => [`${prefix}${head}`, ...rest];
