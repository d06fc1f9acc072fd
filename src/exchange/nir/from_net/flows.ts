import { BatchNorm } from '../../../layers/batch_norm.ts';
import { Conv2d } from '../../../layers/conv2d.ts';
import { Dropout } from '../../../layers/dropout.ts';
import { Flatten } from '../../../layers/flatten.ts';
import type { Layer } from '../../../layers/layer.ts';
import { Linear } from '../../../layers/linear.ts';
import { Neurons } from '../../../layers/neurons.ts';
import { Parallel } from '../../../layers/parallel.ts';
import { AvgPool2d, SumPool2d } from '../../../layers/pool2d.ts';
import { Residual } from '../../../layers/residual.ts';
import { Sequential } from '../../../layers/sequential.ts';
import { effectiveWeights } from '../../weights.ts';
import type { NirGraph, NirValue } from '../file/graph.ts';
import { array, scalar, shapeText, sizeOf } from '../file/values.ts';
import { type Form, formOf } from '../form/form.ts';
import { NoForm } from '../form/no_form.ts';
import { OWN } from '../form/own_constants.ts';
import { Draft, type Flow } from './draft.ts';
import { KEYS, layerMetadata } from './metadata.ts';
import { diagonal, flatten, input, matrix, output } from './nodes.ts';
import type { NirOptions } from './options.ts';
import { mark, type Recurrent, unitOf } from './units.ts';

type Options = Required<NirOptions>;

/** A net on its way into a graph, and what was found on it. */
export class Exporter {
  readonly draft = new Draft();
  readonly refused: string[] = [];
  readonly lost: string[] = [];
  readonly notes: string[] = [];

  constructor(readonly options: Options) {}

  net(net: Sequential): NirGraph {
    const shape = wantedShape(net) ?? [net.inputs];
    this.draft.add('input', input(shape));
    const flow = this.#layer(net, '', { from: ['input'], shape, shared: false });
    // readers do not add up what reaches an output
    const one = flow.from.length > 1 ? this.#identity(flow, 'sum') : flow;
    this.draft.after(one, 'output', output(one.shape), one.shape);
    return this.draft.graph();
  }

  #layer(layer: Layer, place: string, flow: Flow): Flow {
    const within = (name: string): string => (place ? `${place}.${name}` : name);
    if (layer instanceof Sequential)
      return Object.entries(layer.children).reduce((f, [name, child]) => this.#layer(child, within(name), f), flow);
    if (layer instanceof Dropout) return flow;
    if (layer instanceof Parallel) return this.#parallel(layer, place, flow);
    if (layer instanceof Residual) return this.#residual(layer, place, flow);
    if (layer instanceof Neurons) return this.#neurons(layer, place, flow);
    if (layer instanceof Linear) {
      const flat = this.#flat(flow, place);
      return this.#matrix(layer, place, flat, layer.params.bias !== undefined);
    }
    if (layer instanceof Conv2d) return this.#conv(layer, place, flow);
    if (layer instanceof SumPool2d || layer instanceof AvgPool2d) {
      const { kernel, stride, padding, output: out } = layer.window;
      return this.#planes(layer, place, flow, layer.inputShape, out, {
        kernel_size: array(kernel),
        stride: array(stride),
        padding: array(padding),
      });
    }
    if (layer instanceof Flatten) return this.#flat(this.#shaped(layer, place, flow, layer.inputShape), place);
    if (layer instanceof BatchNorm) return this.#norm(layer, place, flow);
    this.#refuse(layer, place, REASONS[layer.config.kind] ?? 'NIR has no node for it');
    return { from: [], shape: [layer.outputs], shared: false };
  }

  #refuse(layer: Layer, place: string, why: string): void {
    this.refused.push(`${place} ${layer.config.kind}: ${why}`);
  }

  #name(layer: Layer | string, place: string): string {
    const kind = typeof layer === 'string' ? layer : layer.config.kind;
    return `${kind.toLowerCase()}_${place.replaceAll('.', '_')}`;
  }

  #identity(flow: Flow, name: string): Flow {
    const flat = this.#flat(flow, name);
    const node = { ...diagonal(new Float64Array(sizeOf(flat.shape)).fill(1)), metadata: { [KEYS.part]: 'identity' } };
    return this.draft.after(flat, name, node, flat.shape);
  }

  /** Planes as a vector. */
  #flat(flow: Flow, place: string): Flow {
    if (flow.shape.length === 1) return flow;
    return this.draft.after(flow, this.#name('flatten', place), flatten(flow.shape), [sizeOf(flow.shape)]);
  }

  /** A flow with the planes that a layer takes. */
  #shaped(layer: Layer, place: string, flow: Flow, shape: readonly number[]): Flow {
    if (flow.shape.join() !== shape.join() && flow.from.length)
      this.#refuse(
        layer,
        place,
        `takes planes ${shapeText(shape)} of ${shapeText(flow.shape)}, and no node of NIR cuts a vector into planes`,
      );
    return flow;
  }

  #matrix(layer: Layer, place: string, flow: Flow, biased: boolean): Flow {
    const { shape } = layer.params.weight!;
    const bias = biased ? effectiveWeights(layer, 'bias') : null;
    const node = matrix(effectiveWeights(layer, 'weight'), shape, bias);
    const name = this.#name('linear', place);
    const metadata: Record<string, NirValue> =
      layer instanceof Linear
        ? layerMetadata(layer, `${place} ${layer.config.kind}`)
        : { [KEYS.part]: 'weight', [KEYS.owner]: place };
    return this.draft.after(flow, name, { ...node, metadata }, [shape[0]!]);
  }

  #planes(
    layer: Layer,
    place: string,
    flow: Flow,
    takes: readonly number[],
    gives: readonly number[],
    fields: Record<string, NirValue>,
  ): Flow {
    const given = this.#shaped(layer, place, flow, takes);
    const metadata = layerMetadata(layer, `${place} ${layer.config.kind}`);
    return this.draft.after(given, this.#name(layer, place), { type: layer.config.kind, fields, metadata }, gives);
  }

  #conv(layer: Conv2d, place: string, flow: Flow): Flow {
    const { input: from, output: to, kernel, stride, padding, dilation, groups } = layer.window;
    const weight = effectiveWeights(layer, 'weight');
    const bias = layer.params.bias ? effectiveWeights(layer, 'bias') : new Float64Array(to[0]);
    const even = [0, 1].some((i) => (dilation[i]! * (kernel[i]! - 1)) % 2 === 1);
    const same = (layer.config.options as { padding?: unknown }).padding === 'same' && even;
    if (kernel[0] !== kernel[1])
      this.notes.push(`${place} Conv2d: nir.read refuses a kernel that is not square unless told type_check=False`);
    return this.#planes(layer, place, flow, from, to, {
      input_shape: array(from.slice(1)),
      weight: array(weight, layer.params.weight!.shape),
      stride: array(stride),
      padding: same ? 'same' : array(padding),
      dilation: array(dilation),
      groups: scalar(groups),
      bias: array(bias),
    });
  }

  /** Running statistics are a factor and a shift, which go into the weights before. */
  #norm(layer: BatchNorm, place: string, flow: Flow): Flow {
    const { kind, options } = layer.config as {
      kind: string;
      options?: { eps?: number; perStep?: number; threshold?: number; alpha?: number };
    };
    const { eps = 1e-5, perStep, threshold = 1, alpha = 1 } = options ?? {};
    if (perStep !== undefined) {
      this.#refuse(layer, place, 'its statistics change from step to step (perStep)');
      return flow;
    }
    const get = (name: string): Float64Array | null => (layer.params[name] ? effectiveWeights(layer, name) : null);
    const [mean, variance, weight, bias] = ['running_mean', 'running_var', 'weight', 'bias'].map(get);
    const scale = variance!.map(
      (x, c) =>
        ((kind === 'ThresholdBatchNorm' ? threshold * alpha : 1) * (weight ? weight[c]! : 1)) / Math.sqrt(x + eps),
    );
    const shift = scale.map((s, c) => (bias ? bias[c]! : 0) - s * mean![c]!);
    const each = layer.outputs / layer.channels;
    const spread = (of: Float64Array): Float64Array =>
      Float64Array.from({ length: layer.outputs }, (_, n) => of[Math.floor(n / each)]!);
    if (this.draft.rescale(flow, spread(scale), spread(shift))) return flow;
    if (flow.shape.length > 1 && flow.from.length) {
      this.#refuse(
        layer,
        place,
        'stands behind planes that no convolution makes for it alone, and NIR has no node for a factor and a shift of planes',
      );
      return flow;
    }
    const name = this.#name(layer, place);
    return this.draft.after(flow, name, diagonal(spread(scale), spread(shift)), flow.shape);
  }

  #parallel(layer: Parallel, place: string, flow: Flow): Flow {
    const shared = { ...flow, shared: flow.shared || layer.branches.length > 1 };
    const branches = Object.entries(layer.children).map(([name, child]) =>
      this.#layer(child, `${place}.${name}`, shared),
    );
    if (layer.config.merge === 'sum') return this.#sum(branches, place, flow);
    let before = 0;
    const parts = branches.map((branch, i) => {
      // each branch at its place in a wider vector; their sum puts one beside the other
      const flat = this.#flat(branch, `${place}.${i}`);
      const N = sizeOf(flat.shape);
      const weight = new Float64Array(layer.outputs * N);
      for (let n = 0; n < N; n++) weight[(before + n) * N + n] = 1;
      before += N;
      const name = `concatenate_${`${place}.${i}`.replaceAll('.', '_')}`;
      return this.draft.after(flat, name, matrix(weight, [layer.outputs, N]), [layer.outputs]);
    });
    return { from: parts.flatMap((p) => p.from), shape: [layer.outputs], shared: false };
  }

  #residual(layer: Residual, place: string, flow: Flow): Flow {
    const shared = { ...flow, shared: true };
    const { projection, ...body } = layer.children;
    const through = Object.entries(body).reduce(
      (f, [name, child]) => this.#layer(child, `${place}.${name}`, f),
      shared,
    );
    const past = projection ? this.#layer(projection, `${place}.projection`, shared) : shared;
    return this.#sum([through, past], place, flow);
  }

  #sum(flows: readonly Flow[], place: string, before: Flow): Flow {
    const alike = flows.every((f) => f.shape.join() === flows[0]!.shape.join());
    const summed = alike ? flows : flows.map((f, i) => this.#flat(f, `${place}.sum.${i}`));
    const seen = new Set<string>();
    const from = summed.flatMap((f, i) => {
      // an edge can be there once
      const twice = f.from.some((name) => seen.has(name));
      const own = twice ? this.#identity(f, `copy_${place.replaceAll('.', '_')}_${i}`).from : f.from;
      for (const name of own) seen.add(name);
      return own;
    });
    const passes = from.some((name) => before.from.includes(name));
    return { from, shape: summed[0]!.shape, shared: passes || flows.some((f) => f.shared && f.from.length > 0) };
  }

  #neurons(layer: Neurons, place: string, flow: Flow): Flow {
    const label = `${place} ${layer.config.kind}`;
    const failed: Flow = { from: [], shape: [layer.outputs], shared: false };
    let form: Form;
    try {
      form = formOf(layer);
    } catch (error) {
      if (!(error instanceof NoForm)) throw error;
      this.#refuse(layer, place, error.message);
      return failed;
    }
    const own = layer.params.weight !== undefined;
    const current = own ? this.#matrix(layer, place, this.#flat(flow, place), layer.params.bias !== undefined) : flow;
    const shape = current.shape;
    const written = this.#withoutCompositions(form, layer, place, label);
    if (!written) return failed;
    if (form.refractory)
      this.lost.push(
        `${label}: the refractory period of ${form.refractory} step${form.refractory > 1 ? 's' : ''}; no primitive has one`,
      );
    for (const what of written.lost) this.lost.push(`${label}: ${what}`);
    if (form.test === '>=')
      this.notes.push(
        `${label}: fires at its threshold, NIR's neurons above it; the file's threshold is the next number below`,
      );
    if (form.late)
      this.notes.push(`${label}: its input is late by a step, which a Delay node says; no known reader has one`);
    const folded = (factor: Float64Array): boolean => {
      if (this.draft.rescale(current, factor)) return true;
      this.notes.push(`${label}: its gain stands in r, since no weights of its own come before it; Norse ignores r`);
      return false;
    };
    try {
      const unit = unitOf(written, shape, recurrentOf(layer), folded, this.options);
      mark(unit, written, layerMetadata(layer, label));
      return this.#place(unit, this.#name(layer, place), current);
    } catch (error) {
      if (!(error instanceof NoForm)) throw error;
      this.#refuse(layer, place, error.message);
      return failed;
    }
  }

  /** The form as it is where compositions are allowed or not needed, the nearest one without them, or none. */
  #withoutCompositions(form: Form, layer: Neurons, place: string, label: string): Form | null {
    if (!form.threshold || this.options.compose) return form;
    const one = 'as a composition of primitives it can be said (option compose)';
    if (form.trace) {
      this.#refuse(layer, place, `NIR has no neuron with a state that its own spikes drive; ${one}`);
      return null;
    }
    if (form.reset.kind === 'value') return form;
    const was = form.reset.kind === 'none' ? 'neurons without a reset' : 'a reset by subtraction';
    this.lost.push(`${label}: ${was}; NIR's neurons are reset to a value, here 0; ${one}`);
    return { ...form, reset: { kind: 'value', to: new Float64Array(form.N) } };
  }

  #place(unit: ReturnType<typeof unitOf>, name: string, current: Flow): Flow {
    const { nodes, edges, entry, exit, nested } = unit;
    const only = nodes.size === 1;
    const shape = current.shape;
    if (only) return this.draft.after(current, name, nodes.get(exit)!, shape);
    if (this.options.recurrence === 'nested' || nested) {
      const graph: NirGraph = {
        type: 'NIRGraph',
        nodes: new Map([['input', input(shape)], ...nodes, ['output', output(shape)]]),
        edges: [['input', entry], ...edges, [exit, 'output']],
      };
      return this.draft.after(current, name, graph, shape);
    }
    const called = (part: string): string => `${name}_${part}`;
    for (const [part, node] of nodes) this.draft.add(called(part), node);
    this.draft.connect(current, called(entry));
    for (const [from, to] of edges) this.draft.edges.push([called(from), called(to)]);
    return { from: [called(exit)], shape, shared: false };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  Encode: 'NIR has no encoders; write the layers after it, and give them what it makes',
  ConstantCurrent: 'NIR has no encoders; write the layers after it, and give them their input at every step',
  LSTM: 'NIR has no gated units',
  GRU: 'NIR has no gated units',
};

/**
 * Among the layer's neurons, [N, N], a neuron's own weight on the diagonal, and what begins with the first spikes that
 * come back.
 */
function recurrentOf(layer: Neurons): Recurrent | null {
  const N = layer.outputs;
  const get = (name: string): Float64Array | null => (layer.params[name] ? effectiveWeights(layer, name) : null);
  const among = get('recurrent.weight');
  const dense = layer.recurrence === 'dense' ? among : null;
  // a definition may have it as a constant of its own
  const own = layer.recurrence === 'one-to-one' ? among : get(OWN.weight);
  if (!dense && !own) return null;
  const weight = dense ?? new Float64Array(N * N);
  if (own) for (let n = 0; n < N; n++) weight[n * N + n] = own[n % own.length]!;
  const bias = get(OWN.bias);
  return { weight, bias: bias && Float64Array.from({ length: N }, (_, n) => bias[n % bias.length]!) };
}

/** The planes that the net takes, if its first layer that knows shapes says so. */
function wantedShape(layer: Layer): readonly number[] | null {
  if (layer instanceof Conv2d || layer instanceof SumPool2d || layer instanceof AvgPool2d || layer instanceof Flatten)
    return layer.inputShape;
  const inside = Object.values(layer.children);
  if (layer instanceof Parallel) return inside.map(wantedShape).find((s) => s) ?? null;
  for (const child of inside) {
    const wanted = wantedShape(child);
    if (wanted) return wanted;
    // what makes a vector, or is not known, ends the search
    if (child instanceof Linear || (child instanceof Neurons && child.params.weight)) return null;
  }
  return null;
}
