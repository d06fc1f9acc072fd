export { Engine, type Module } from './autograd/engine.ts';
export type { InputOptions } from './autograd/input.ts';
export { Loss, type LossTerm } from './autograd/loss.ts';
export type { Lowering } from './autograd/lowering.ts';
export type { Node, Op, OutputSpec } from './autograd/op.ts';
export { add, dense } from './autograd/ops/elementwise.ts';
export { concatenate, gatherAlong, slice } from './autograd/ops/rows.ts';
export { Parameter } from './autograd/parameter.ts';
export { Tape } from './autograd/tape.ts';
export { Tensor } from './autograd/tensor.ts';
export type { Storage } from './device/storage.ts';
export { GpuDevice, type GpuOptions } from './gpu/device.ts';
export { init } from './init.ts';
export { loadModel, type SavedModel, saveModel } from './io/model.ts';
export { assemble, defineKernel, type Kernel, type Variant } from './kernels/kernel.ts';
export { fold, quads, words } from './kernels/sizes.ts';
export { AHP, type AHPOptions } from './layers/ahp.ts';
export { ALIF, type ALIFOptions } from './layers/alif.ts';
export type { LayerConfig } from './layers/layer.ts';
export { CarriedState, Layer } from './layers/layer.ts';
export { LIF, type LIFOptions } from './layers/lif.ts';
export { Linear, type LinearOptions } from './layers/linear.ts';
export { type NeuronOptions, Neurons } from './layers/neurons.ts';
export { Readout, type ReadoutOptions } from './layers/readout.ts';
export { Sequential } from './layers/sequential.ts';
export { type CrossEntropyOptions, crossEntropy } from './loss/cross_entropy.ts';
export type { LossFunction } from './loss/index.ts';
export * as loss from './loss/index.ts';
export type { Regularizer } from './loss/regularize.ts';
export * as regularize from './loss/regularize.ts';
export {
  decay,
  defineNeuron,
  type Equations,
  lost,
  type NeuronDefinition,
  type ParameterSpec,
  type Symbols,
} from './neurons/definition.ts';
export {
  abs,
  cos,
  detach,
  Expr,
  exp,
  expm1,
  expr,
  leaf,
  log,
  max,
  min,
  relu,
  sin,
  spike,
  sqrt,
  tanh,
  where,
} from './neurons/expr.ts';
export { fastSigmoid, type Surrogate, triangle } from './neurons/surrogates.ts';
export { Adam, type AdamOptions } from './optim/adam.ts';
export { Optimizer } from './optim/optimizer.ts';
export { SGD } from './optim/sgd.ts';
export { Dataset, type DatasetSource } from './train/dataset.ts';
export { confusion, type EvaluateOptions, type Evaluation, evaluate } from './train/evaluate.ts';
export { type EpochResult, type FitOptions, type FitProgress, type FitResult, fit } from './train/fit.ts';
export type { Score } from './train/monitor.ts';
