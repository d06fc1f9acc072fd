import { walk } from '../../layers/container.ts';
import { Encode } from '../../layers/encode.ts';
import type { Sequential } from '../../layers/sequential.ts';
import { type Exported, refuse, type Verdict } from '../exported.ts';
import { VERSION } from '../version.ts';
import { valueInfo } from './builder.ts';
import { addLayer, layerRefusal, standsStill, stepsOf } from './layers.ts';
import { encodeModel, type Model } from './model.ts';
import { NetGraph } from './net_graph.ts';
import { completeOptions, type OnnxOptions } from './options.ts';

/** What ONNX makes of a net; writes nothing. */
export function checkOnnx(net: Sequential, options: OnnxOptions = {}): Verdict {
  const { mode, states, double } = completeOptions(options);
  const stepping = mode === 'step';
  const refused: string[] = [];
  const notes: string[] = [];
  let planes = false;
  for (const [place, layer] of walk(net)) {
    const label = `${place} ${layer.config.kind}`;
    const why = layerRefusal(layer, stepping);
    if (why) refused.push(`${label}: ${why}`);
    const steps = stepsOf(layer);
    if (steps) notes.push(`${label}: has numbers for ${steps} steps, a longer sequence is an error`);
    if (layer instanceof Encode && layer.encoding.plan.cells > 1)
      notes.push(
        `${label}: a runtime's exponential may round otherwise, and a spike of the population come a step off`,
      );
    if (stepping && standsStill(layer) !== null) notes.push(`${label}: give the same values at every step`);
    planes ||= ['Conv2d', 'AvgPool2d', 'SumPool2d'].includes(layer.config.kind);
  }
  if (!stepping)
    notes.push("its loops over time (Scan) run on a CPU; GPU providers of onnxruntime have none: mode 'step'");
  if (states === 'optional')
    notes.push("onnxruntime-web and -node cannot be given optional inputs: to carry states there, states 'required'");
  if (double && planes) notes.push('onnxruntime has no convolution and pooling in float64 on the CPU');
  return { refused, lost: [], notes };
}

/**
 * A net as an ONNX model.
 *
 * Sequences: input `input` [T, B, inputs], output `output` [T, B, outputs]; T and B are open. A state `v` of the layer at place
 * `0` is the input `state.0.v` [B, N] (z: its last spikes) and comes out as `state.0.v.next`; not given, it is 0. A net with numbers of its own
 * for each step also has `state.step`, the number of the first one. Steps: the same with [B, inputs] and [B, outputs]. With
 * `record`, `spikes.0` and `voltage.0` [T, B, N] of every layer of neurons. Weights have the net's names and the values that
 * kernels read (no diagonal, masked), in float32.
 *
 * @throws when a layer cannot be written; what `checkOnnx` refuses
 */
export async function encodeOnnx(net: Sequential, options: OnnxOptions = {}): Promise<Exported> {
  const verdict = checkOnnx(net, options);
  refuse('ONNX', verdict);
  const { name } = completeOptions(options);
  return { ...verdict, files: [{ name: `${name}.onnx`, bytes: encodeModel(modelOf(net, options)) }] };
}

/** The model before it is a file. */
export function modelOf(net: Sequential, options: OnnxOptions = {}): Model {
  const complete = completeOptions(options);
  const { name, mode, opset } = complete;
  const g = new NetGraph(net, complete);
  // known beforehand, since everything else follows from it
  const [still] = [...walk(net)].flatMap(([, layer]) => standsStill(layer) ?? []);
  const x = { name: g.constants.name('input'), width: net.inputs, time: still === undefined ? ('time' as const) : 1 };
  g.constants.name('output');
  g.inputs.push(valueInfo('input', g.real, g.shape(x)));
  const y = addLayer(g, net, '', x);
  g.scope.place = '';
  g.scope.named(y.name, 'output');
  g.finish();
  const output = valueInfo('output', g.real, g.shape(y));
  return {
    irVersion: 8,
    producer: 'spiketape',
    producerVersion: VERSION,
    doc: `A spiking net. ${docs[mode]} States start from 0 where they are not given.`,
    opsets: [{ domain: '', version: opset }],
    graph: {
      name,
      doc: net.summary(),
      nodes: g.scope.nodes,
      initializers: g.constants.tensors,
      inputs: g.inputs,
      outputs: [output, ...g.outputs],
    },
    metadata: new Map([
      ['spiketape.mode', mode],
      // of a net whose input stands still, the steps that it makes of it, or that it is to be given for
      ...(still !== undefined ? [['spiketape.steps', String(still)] as const] : []),
      ['spiketape.layers', JSON.stringify(g.notes)],
    ]),
  };
}

const docs = {
  sequence:
    "'input' [time, batch, inputs] to 'output' [time, batch, outputs]; states 'state.*' [batch, neurons] come out as 'state.*.next'.",
  step: "One time step: 'input' [batch, inputs] to 'output' [batch, outputs]; states 'state.*' [batch, neurons] come out as 'state.*.next'.",
};
