import { Gated } from '../../gated/layer.ts';
import { BatchNorm } from '../../layers/batch_norm.ts';
import { Conv2d } from '../../layers/conv2d.ts';
import { Dropout } from '../../layers/dropout.ts';
import { ConstantCurrent, Encode } from '../../layers/encode.ts';
import { Flatten } from '../../layers/flatten.ts';
import type { Layer } from '../../layers/layer.ts';
import { Linear } from '../../layers/linear.ts';
import { Neurons } from '../../layers/neurons.ts';
import { AvgPool2d, SumPool2d } from '../../layers/pool2d.ts';
import { type Classes, indent } from './classes.ts';
import { encodeModule } from './encode.ts';
import { gatedModule } from './gated.ts';
import { neuronModule } from './neuron.ts';
import { declare, read } from './parameters.ts';
import { literal } from './print.ts';

/** What stands for a layer in Python. */
export interface Module {
  /** The call that makes it; null where nothing is computed. */
  readonly make: string | null;
  /** Whether it takes a state and gives one back. */
  readonly carries: boolean;
}

const plainModule = (make: string | null): Module => ({ make, carries: false });

/** The module of a layer that has no layers within. @returns null for a kind that is not known */
export function moduleOf(classes: Classes, layer: Layer): Module | null {
  if (layer instanceof Neurons) return { make: neuronModule(classes, layer), carries: true };
  if (layer instanceof Gated) return { make: gatedModule(classes, layer), carries: true };
  if (layer instanceof Linear) return plainModule(linearModule(classes, layer));
  if (layer instanceof Conv2d) return plainModule(convModule(classes, layer));
  if (layer instanceof AvgPool2d || layer instanceof SumPool2d) return plainModule(poolModule(classes, layer));
  if (layer instanceof BatchNorm) return plainModule(normModule(classes, layer));
  if (layer instanceof Dropout) return plainModule(dropoutModule(classes, layer));
  if (layer instanceof Flatten) return plainModule(null);
  if (layer instanceof Encode) return plainModule(encodeModule(classes, layer));
  if (layer instanceof ConstantCurrent) return plainModule(currentModule(classes, layer));
  return null;
}

const tuple = (pair: readonly number[]): string => `(${pair.join(', ')})`;
const isConstrained = (layer: Layer): boolean =>
  Object.values(layer.params).some(({ options: o }) => o.mask || o.signs || o.min !== undefined || o.noDiagonal);

function linearModule(classes: Classes, layer: Linear): string {
  const { bias } = layer.params;
  if (!isConstrained(layer)) return `nn.Linear(${layer.inputs}, ${layer.outputs}${bias ? '' : ', bias=False'})`;
  const shape = (name: string): string =>
    name === 'bias' ? 'outputs' : name === 'weight_signs' ? 'inputs' : 'outputs, inputs';
  const name = classes.add('Linear', (n) =>
    [
      `class ${n}(nn.Module):`,
      ...indent([
        '"""A linear map of which not every connection exists, or may have any sign."""',
        '',
        'def __init__(self, inputs, outputs):',
        ...indent(['super().__init__()', ...declare(layer, shape)]),
        '',
        'def forward(self, x):',
        `    return F.linear(x, ${read(classes, layer, 'weight')}${bias ? `, ${read(classes, layer, 'bias')}` : ''})`,
      ]),
    ].join('\n'),
  );
  return `${name}(${layer.inputs}, ${layer.outputs})`;
}

function convModule(classes: Classes, layer: Conv2d): string {
  const { window } = layer;
  const { bias } = layer.params;
  const constrained = isConstrained(layer);
  const extra = Object.entries(layer.params).filter(([n]) => n.startsWith('weight_'));
  const name = classes.add('Conv2d', (n) =>
    [
      `class ${n}(nn.Conv2d):`,
      ...indent([
        '"""A convolution at every step, over planes that come flattened: [T, B, channels * rows * columns]."""',
        '',
        'def __init__(self, planes, *args, **options):',
        ...indent([
          'super().__init__(planes[0], *args, **options)',
          'self.planes = planes',
          ...extra.map(([m]) => {
            const like = m === 'weight_signs' ? 'self.weight[0].detach().flatten()' : 'self.weight.detach()';
            return `self.register_buffer('${m}', torch.zeros_like(${like}))`;
          }),
        ]),
        '',
        'def forward(self, x):',
        ...indent([
          'planes = x.reshape(-1, *self.planes)',
          ...(constrained
            ? [
                `weight = ${read(classes, layer, 'weight')}`,
                `y = self._conv_forward(planes, weight, ${bias ? read(classes, layer, 'bias') : 'None'})`,
              ]
            : ['y = super().forward(planes)']),
          'return y.reshape(*x.shape[:2], -1)',
        ]),
      ]),
    ].join('\n'),
  );
  const options = layer.config.options as { padding?: unknown };
  const [one, none] = [
    (p: readonly number[]) => p.every((x) => x === 1),
    (p: readonly number[]) => p.every((x) => x === 0),
  ];
  const same = options.padding === 'same';
  return `${name}(${[
    tuple(window.input),
    window.output[0],
    tuple(window.kernel),
    ...(one(window.stride) ? [] : [`stride=${tuple(window.stride)}`]),
    ...(same ? ["padding='same'"] : none(window.padding) ? [] : [`padding=${tuple(window.padding)}`]),
    ...(one(window.dilation) ? [] : [`dilation=${tuple(window.dilation)}`]),
    ...(window.groups === 1 ? [] : [`groups=${window.groups}`]),
    ...(bias ? [] : ['bias=False']),
  ].join(', ')})`;
}

function poolModule(classes: Classes, layer: AvgPool2d | SumPool2d): string {
  const { window } = layer;
  const name = classes.add(layer.config.kind, (n) =>
    [
      `class ${n}(nn.AvgPool2d):`,
      ...indent([
        '"""Windows at every step, over planes that come flattened: [T, B, channels * rows * columns]."""',
        '',
        'def __init__(self, planes, *args, **options):',
        ...indent(['super().__init__(*args, **options)', 'self.planes = planes']),
        '',
        'def forward(self, x):',
        '    return super().forward(x.reshape(-1, *self.planes)).reshape(*x.shape[:2], -1)',
      ]),
    ].join('\n'),
  );
  return `${name}(${[
    tuple(window.input),
    tuple(window.kernel),
    `stride=${tuple(window.stride)}`,
    ...(window.padding.some((x) => x) ? [`padding=${tuple(window.padding)}`] : []),
    ...(layer instanceof SumPool2d ? ['divisor_override=1'] : []),
  ].join(', ')})`;
}

function normModule(classes: Classes, layer: BatchNorm): string {
  const { channels, momentum, eps, perStep, threshold = 1, alpha = 1 } = layer.config.options as Record<string, number>;
  const { weight } = layer.params;
  const factor = layer.config.kind === 'ThresholdBatchNorm' ? alpha! * threshold! : 1;
  const name = classes.add('BatchNorm', (n) =>
    [
      `class ${n}(nn.Module):`,
      ...indent([
        perStep === undefined
          ? '"""Batch normalisation over time, batch and the positions of each channel: [T, B, channels * positions]."""'
          : '"""Batch normalisation of each step and channel, with statistics of their own: [T, B, channels * positions]."""',
        '',
        'def __init__(self, channels, momentum, eps, factor, steps):',
        ...indent([
          'super().__init__()',
          'self.channels, self.momentum, self.eps, self.factor = channels, momentum, eps, factor',
          ...declare(layer, () => 'steps * channels'),
        ]),
        '',
        'def forward(self, x):',
        ...indent([
          'T, B, N = x.shape',
          ...(perStep === undefined
            ? ['n = self.channels', 'y = x.reshape(T * B, n, -1)']
            : [
                'n = T * self.channels',
                'if n > len(self.running_mean):',
                "    raise ValueError(f'there are statistics of {len(self.running_mean) // self.channels} steps, the input has {T}')",
                'y = x.transpose(0, 1).reshape(B, n, -1)',
              ]),
          ...(weight
            ? [
                `weight = self.factor * ${read(classes, layer, 'weight')}[:n]`,
                `bias = ${read(classes, layer, 'bias')}[:n]`,
              ]
            : ['weight, bias = torch.full_like(self.running_var[:n], self.factor), None']),
          'mean, variance = self.running_mean[:n], self.running_var[:n]',
          'y = F.batch_norm(y, mean, variance, weight, bias, self.training, self.momentum, self.eps)',
          perStep === undefined ? 'return y.reshape(T, B, N)' : 'return y.reshape(B, T, N).transpose(0, 1)',
        ]),
      ]),
    ].join('\n'),
  );
  return `${name}(${channels}, momentum=${literal(momentum!)}, eps=${literal(eps!)}, factor=${literal(factor)}, steps=${perStep ?? 1})`;
}

function dropoutModule(classes: Classes, layer: Dropout): string {
  const name = classes.add('Dropout', (n) =>
    [
      `class ${n}(nn.Dropout):`,
      ...indent([
        '"""Dropout with one mask for the whole sequence [T, B, N]."""',
        '',
        'def forward(self, x):',
        '    return x * super().forward(torch.ones_like(x[:1])) if self.training else x',
      ]),
    ].join('\n'),
  );
  return `${name}(${literal(layer.p)})`;
}

function currentModule(classes: Classes, layer: ConstantCurrent): string {
  const name = classes.add('ConstantCurrent', (n) =>
    [
      `class ${n}(nn.Module):`,
      ...indent([
        '"""The same values at every step: [1, B, N] to [steps, B, N]."""',
        '',
        'def __init__(self, steps):',
        ...indent(['super().__init__()', 'self.steps = steps']),
        '',
        'def forward(self, x):',
        '    return x.expand(self.steps, -1, -1)',
      ]),
    ].join('\n'),
  );
  return `${name}(${layer.steps})`;
}
