import type { Activity, Sample, Trace } from '../activity.ts';
import { type ConvLayer, hasNeurons, inputsOf, type NetxLayer, type NeuronLayer, outputsOf } from './layers.ts';
import { restingState, SHIFT, step } from './loihi.ts';

/** Numbers of one trace; a file cannot ask for more. */
const MOST = 2 ** 27;

/**
 * Runs a net in Loihi's integers, every layer in the same step as the one before it, without the step a layer that lava's processes take.
 *
 * @param sample whole numbers: spikes, or graded ones
 * @param labels by layer of neurons
 * @returns voltages in the net's own units
 * @throws when the sample does not fit the net
 */
export function runLoihi(layers: readonly NetxLayer[], sample: Sample, labels: readonly string[]): Activity {
  const { T, B, N, inputs } = sample;
  const fraction = inputs.findIndex((x) => !Number.isInteger(x));
  if (fraction >= 0)
    throw new Error(
      `netx: a net for Loihi takes spikes, whole numbers; sample.inputs[${fraction}] is ${inputs[fraction]}`,
    );
  const neurons = layers.filter(hasNeurons);
  const width = inputsOf(neurons[0]!);
  if (N !== width) throw new Error(`netx: the net takes inputs of width ${width}, the sample has ${N} ([T, B, N])`);
  const traces: Trace[] = [];
  let x: ArrayLike<number> = inputs;
  neurons.forEach((layer, k) => {
    const { meaning } = layer;
    const outputs = outputsOf(layer);
    if (T * B * outputs > MOST)
      throw new Error(`netx: layer ${k} makes ${T * B * outputs} numbers of this sample, expected at most ${MOST}`);
    const { spikes, voltage } = runLayer(layer, x, T, B);
    const unit = 1 / (SHIFT * meaning.scale);
    traces.push({
      label: labels[k]!,
      N: outputs,
      spikes,
      voltage: voltage.map((v, i) => {
        const seen = meaning.record === 'after reset' && spikes[i] ? 0 : v;
        return seen * unit * (meaning.units ? meaning.units[i % outputs]! : 1);
      }),
    });
    x = spikes;
  });
  return { T, B, outputs: traces.at(-1)!.spikes!, layers: traces };
}

function runLayer(
  layer: NeuronLayer,
  x: ArrayLike<number>,
  T: number,
  B: number,
): { spikes: Float64Array; voltage: Float64Array } {
  const [N, M] = [outputsOf(layer), inputsOf(layer)];
  const [spikes, voltage] = [new Float64Array(T * B * N), new Float64Array(T * B * N)];
  const arriving = new Float64Array(N);
  const bias = layer.bias && biasByNeuron(layer, layer.bias);
  for (let b = 0; b < B; b++) {
    const state = restingState(N);
    for (let t = 0; t < T; t++) {
      arriving.fill(0);
      const row = t * B + b;
      if (layer.type === 'conv') gatherConv(layer, x, row * M, arriving);
      else gather(layer.weight, M, x, row * M, arriving);
      if (layer.type === 'dense' && layer.recurrent && t > 0)
        gather(layer.recurrent, N, spikes, (row - B) * N, arriving);
      const [from, to] = [row * N, (row + 1) * N];
      step(layer.neurons, state, arriving, bias, spikes.subarray(from, to), voltage.subarray(from, to));
    }
  }
  return { spikes, voltage };
}

/** Adds the columns of a matrix [post, pre] of what fires. */
function gather(weight: Int32Array, pre: number, x: ArrayLike<number>, from: number, arriving: Float64Array): void {
  for (let j = 0; j < pre; j++) {
    const size = x[from + j]!;
    if (size !== 0) for (let n = 0; n < arriving.length; n++) arriving[n]! += size * weight[n * pre + j]!;
  }
}

/** Adds the products of every input that fires with each place of the kernel that reaches it. */
function gatherConv({ window, weight }: ConvLayer, x: ArrayLike<number>, from: number, arriving: Float64Array): void {
  const { input, output, kernel, stride, padding, dilation, groups } = window;
  const [[C, H, W], [O, OH, OW]] = [input, output];
  const [inGroup, outGroup] = [C / groups, O / groups];
  for (let j = 0; j < C * H * W; j++) {
    const size = x[from + j]!;
    if (size === 0) continue;
    const [c, iy, ix] = [Math.floor(j / (H * W)), Math.floor(j / W) % H, j % W];
    const group = Math.floor(c / inGroup);
    for (let ky = 0; ky < kernel[0]; ky++) {
      const oy = (iy + padding[0] - ky * dilation[0]) / stride[0];
      if (!Number.isInteger(oy) || oy < 0 || oy >= OH) continue;
      for (let kx = 0; kx < kernel[1]; kx++) {
        const ox = (ix + padding[1] - kx * dilation[1]) / stride[1];
        if (!Number.isInteger(ox) || ox < 0 || ox >= OW) continue;
        for (let o = group * outGroup; o < (group + 1) * outGroup; o++) {
          const w = weight[((o * inGroup + (c % inGroup)) * kernel[0] + ky) * kernel[1] + kx]!;
          arriving[(o * OH + oy) * OW + ox]! += size * w;
        }
      }
    }
  }
}

function biasByNeuron(layer: NeuronLayer, bias: Int32Array): Int32Array {
  const N = outputsOf(layer);
  return Int32Array.from({ length: N }, (_, n) => bias[Math.floor((n * bias.length) / N)]!);
}
