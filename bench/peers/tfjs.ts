import '@tensorflow/tfjs-backend-webgpu';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import type { BenchCase } from '../cases.ts';
import type { Contender, Runner } from '../contender.ts';
import { adam, type CaseData, constants } from '../data.ts';
import { sizesOf, transposed } from './matrix.ts';

/** On the device from the beginning: a number among the operands would be uploaded by each operation. */
let on: Record<'decay' | 'slowDecay' | 'minusBeta' | 'gamma' | 'one', tf.Scalar>;

/** TensorFlow.js on WebGPU: operations one by one, gradients by its tape, its own Adam. */
export const tfjs: Contender = {
  name: 'tfjs-webgpu',
  async prepare(c, data) {
    if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs found no WebGPU');
    await tf.ready();
    const scalar = (x: number): tf.Scalar => tf.keep(tf.scalar(x));
    on ??= {
      decay: scalar(Math.exp(-constants.dt / constants.tau)),
      slowDecay: scalar(Math.exp(-constants.dt / constants.tauAhp)),
      minusBeta: scalar(-constants.beta),
      gamma: scalar(constants.gamma),
      one: scalar(1),
    };
    return run(c, data);
  },
};

function run(c: BenchCase, data: CaseData): Runner {
  const { T, B, inputs, hidden, outputs } = c;
  // [pre, post], so that nothing is transposed in a step
  const sizes = sizesOf(c);
  const weights = Object.fromEntries(
    Object.entries(data.weights).map(([name, values]) => {
      const [post, pre] = sizes[name]!;
      return [name, tf.variable(tf.tensor2d(transposed(values, post, pre), [pre, post]))];
    }),
  );
  const input = tf.tensor2d(data.input, [T * B, inputs]);
  const labels = outputs > 0 ? tf.oneHot(tf.tensor1d(Int32Array.from(data.labels), 'int32'), outputs) : null;
  const others = tf.tidy(() => tf.sub(1, tf.eye(hidden)) as tf.Tensor2D);
  const optimizer = tf.train.adam(c.lr, ...adam.betas, adam.eps);
  let gradients: Record<string, tf.Tensor> = {};

  const forward = (x: tf.Tensor2D): tf.Scalar => {
    const current = weights.weight ? (tf.matMul(x, weights.weight) as tf.Tensor2D) : x;
    const currents = tf.unstack(tf.reshape(current, [T, B, hidden])) as tf.Tensor2D[];
    // no neuron has a connection to itself
    const among = weights.recurrent ? tf.mul<tf.Tensor2D>(weights.recurrent, others) : null;
    const z = c.neuron === 'AHP' ? adaptive(currents, among) : leaky(currents);
    if (!labels) return tf.mean(tf.square(tf.mean(tf.stack(z), [0, 1])));
    const arriving = tf.unstack(tf.reshape(tf.matMul(tf.concat(z), weights.readout!), [T, B, outputs]));
    let o = arriving[0]!;
    let sum = o;
    for (const i of arriving.slice(1)) {
      o = tf.add(tf.mul(o, on.decay), i);
      sum = tf.add(sum, o);
    }
    return tf.losses.softmaxCrossEntropy(labels, tf.div(sum, T));
  };

  const step = (): tf.Scalar => {
    if (c.lr > 0) return optimizer.minimize(() => forward(input), true, Object.values(weights))!;
    for (const g of Object.values(gradients)) g.dispose();
    if (weights.weight) {
      const { value, grads } = tf.variableGrads(() => forward(input), [weights.weight]);
      gradients = { weight: grads[weights.weight.name]! };
      return value;
    }
    const { value, grad } = tf.valueAndGrad((x) => forward(x as tf.Tensor2D))(input);
    gradients = { current: grad };
    return value as tf.Scalar;
  };

  return {
    async step() {
      let loss = step();
      for (let i = 1; i < c.batches; i++) {
        loss.dispose();
        loss = step();
      }
      const value = (await loss.data())[0]!;
      loss.dispose();
      return value;
    },
    async outcome() {
      const found: Record<string, tf.Tensor> = c.lr > 0 ? weights : gradients;
      const read = async ([name, t]: [string, tf.Tensor]): Promise<[string, Float32Array]> => {
        const values = (await t.data()) as Float32Array;
        const [post, pre] = sizes[name] ?? [];
        return [name, post && pre ? transposed(values, pre, post) : values.slice()];
      };
      return Object.fromEntries(await Promise.all(Object.entries(found).map(read)));
    },
    dispose() {
      tf.dispose([Object.values(weights), Object.values(gradients), input, others]);
      labels?.dispose();
      optimizer.dispose();
    },
  };
}

type Gradient = (dz: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor;

/** Spikes where x, the voltage above the threshold of 1, is above 0; the triangle stands for their derivative. */
const spike = tf.customGrad((...args) => {
  const [x, save] = args as unknown as [tf.Tensor, (kept: tf.Tensor[]) => void];
  save([x]);
  const gradFunc: Gradient = (dz, [saved]) => tf.mul(dz, tf.mul(on.gamma, tf.relu(tf.sub(on.one, tf.abs(saved!)))));
  return { value: tf.step(x), gradFunc };
});

const fire = (v: tf.Tensor2D): tf.Tensor2D => spike(tf.sub(v, on.one)) as tf.Tensor2D;

function adaptive(currents: tf.Tensor2D[], among: tf.Tensor2D | null): tf.Tensor2D[] {
  let v = currents[0]!;
  let z = fire(v);
  let a: tf.Tensor2D | null = null;
  const spikes = [z];
  for (const i of currents.slice(1)) {
    const taken: tf.Tensor2D = tf.mul(z, on.minusBeta);
    a = a ? tf.add<tf.Tensor2D>(tf.mul(a, on.slowDecay), taken) : taken;
    const before: tf.Tensor2D = tf.mul(tf.mul(v, on.decay), tf.sub(on.one, z));
    const arriving: tf.Tensor2D = among ? tf.add(i, tf.matMul(z, among)) : i;
    v = tf.add(tf.add(before, arriving), a);
    z = fire(v);
    spikes.push(z);
  }
  return spikes;
}

function leaky(currents: tf.Tensor2D[]): tf.Tensor2D[] {
  let v = currents[0]!;
  let z = fire(v);
  const spikes = [z];
  for (const i of currents.slice(1)) {
    v = tf.add(tf.mul(tf.sub(v, z), on.decay), i);
    z = fire(v);
    spikes.push(z);
  }
  return spikes;
}
