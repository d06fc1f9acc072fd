import type { Encode } from '../../layers/encode.ts';
import { type Classes, indent } from './classes.ts';
import { literal, single } from './print.ts';

/** The class of an encoder. @returns the call that makes it */
export function encodeModule(classes: Classes, { encoding }: Encode): string {
  const { plan, steps } = encoding;
  const { numbers, cells } = plan;
  const number = (x: number): string => literal(single(x));
  const table = `[${Array.from(plan.table, number).join(', ')}]`;
  const write = (wanted: string, about: string, given: readonly string[], forward: readonly string[]): string =>
    classes.add(wanted, (n) =>
      [
        `class ${n}(nn.Module):`,
        ...indent([
          `"""${about}"""`,
          '',
          `def __init__(self, ${given.join(', ')}):`,
          ...indent(['super().__init__()', ...given.map((g) => `self.${g} = ${g}`)]),
          '',
          'def forward(self, x):',
          // the library's encoders compute in float32, and so do these
          ...indent(['values = x.float()', ...forward]),
        ]),
      ].join('\n'),
    );
  const population =
    cells > 1
      ? [`cells=${cells}`, ...(['low', 'high', 'width'] as const).map((k) => `${k}=${number(numbers[k])}`)]
      : [];
  const names = population.map((p) => p.slice(0, p.indexOf('=')));
  const responses =
    cells > 1
      ? [
          'centres = self.low + (self.high - self.low) * torch.arange(self.cells, device=x.device) / (self.cells - 1)',
          'distance = (values[..., None] - centres) / self.width',
          'values = torch.exp(-0.5 * distance * distance).flatten(-2)',
        ]
      : [];
  const neighbours = plan.ahead
    ? ['before, after = values, torch.cat((values[1:], values[-1:]))']
    : ['before, after = torch.cat((values[:1], values[:-1])), values'];
  if (plan.kind === 'latency') {
    const name = write(
      'LatencyCode',
      'One spike for each value, the earlier the larger it is: [1, B, N] to [steps, B, outputs].',
      ['edges', ...names],
      [
        ...responses,
        'edges = torch.tensor(self.edges, device=x.device)[:, None, None]',
        'return ((values > edges[1:]) & (values <= edges[:-1])).to(x.dtype)',
      ],
    );
    return `${name}(${[table, ...population].join(', ')})`;
  }
  if (plan.kind === 'rate') {
    const name = write(
      'RateCode',
      'A spike at each step with a probability that is the value: random, and not the same spikes as elsewhere.',
      ['gain', 'steps', ...names],
      [
        ...responses,
        'values = values if self.steps is None else values.expand(self.steps, -1, -1)',
        'return (torch.rand_like(values) < self.gain * values).to(x.dtype)',
      ],
    );
    return `${name}(${[number(numbers.gain), steps ?? 'None', ...population].join(', ')})`;
  }
  if (plan.kind === 'delta') {
    const name = write(
      'DeltaCode',
      'Two spike trains for each value, of its rises and of its falls: [T, B, N] to [T, B, 2 N].',
      ['threshold'],
      [
        ...neighbours,
        'changes = torch.stack((after - before, before - after), -1)',
        'return (changes >= self.threshold).to(x.dtype).flatten(-2)',
      ],
    );
    return `${name}(${number(numbers.threshold)})`;
  }
  const name = write(
    'LevelCode',
    'Two spike trains for each value and level, of crossing it upwards and downwards: [T, B, N] to [T, B, 2 N levels].',
    ['levels'],
    [
      ...neighbours,
      'levels = torch.tensor(self.levels, device=x.device)',
      'was, now = before[..., None] < levels, after[..., None] < levels',
      'return torch.stack((was & ~now, ~was & now), -1).to(x.dtype).flatten(-3)',
    ],
  );
  return `${name}(${table})`;
}
