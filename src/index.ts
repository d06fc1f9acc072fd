export { Engine, type Module } from './autograd/engine.ts';
export type { InputOptions } from './autograd/input.ts';
export { Loss, type LossTerm } from './autograd/loss.ts';
export type { Lowering } from './autograd/lowering.ts';
export type { Node, Op, OutputSpec, StepCost } from './autograd/op.ts';
export { concatenateFeatures } from './autograd/ops/columns.ts';
export { dropout } from './autograd/ops/dropout.ts';
export { add, dense } from './autograd/ops/elementwise.ts';
export { concatenate, gatherAlong, slice } from './autograd/ops/rows.ts';
export { type Draw, Parameter, type WeightShape } from './autograd/parameter.ts';
export { inputOf, type Samples } from './autograd/sample.ts';
export type { Selection, Selector } from './autograd/select.ts';
export { Tape } from './autograd/tape.ts';
export { Tensor } from './autograd/tensor.ts';
export type { Storage } from './device/storage.ts';
export {
  type DiagnoseOptions,
  Diagnosis,
  diagnose,
  type Finding,
  type FindingKind,
  type LayerReport,
  type Sample,
} from './diagnose/index.ts';
export type { Encoding, Population } from './encoders/index.ts';
export * as encode from './encoders/index.ts';
export { GpuDevice, type GpuOptions } from './gpu/device.ts';
export { init } from './init.ts';
export { loadModel, loadParameters, type SavedModel, saveModel } from './io/model.ts';
export type { OwnParts } from './io/own.ts';
export { gatherRows } from './kernels/dense.ts';
export { assemble, defineKernel, type Kernel, type Variant } from './kernels/kernel.ts';
export type { Segment } from './kernels/segments.ts';
export { fold, quads, words } from './kernels/sizes.ts';
export { AdLIF, type AdLIFOptions } from './layers/adlif.ts';
export { AHP, type AHPOptions } from './layers/ahp.ts';
export { ALIF, type ALIFOptions } from './layers/alif.ts';
export { Alpha, type AlphaOptions } from './layers/alpha.ts';
export {
  BatchNorm,
  type BatchNormOptions,
  ThresholdBatchNorm,
  type ThresholdBatchNormOptions,
} from './layers/batch_norm.ts';
export { BRF, type BRFOptions } from './layers/brf.ts';
export type { ConnectionOptions } from './layers/connections.ts';
export { Container } from './layers/container.ts';
export { Conv2d, type Conv2dOptions } from './layers/conv2d.ts';
export { CubaLIF, type CubaLIFOptions } from './layers/cuba_lif.ts';
export { Dropout } from './layers/dropout.ts';
export { ConstantCurrent, Encode } from './layers/encode.ts';
export { Flatten } from './layers/flatten.ts';
export { GLIF, type GLIFOptions } from './layers/glif.ts';
export { IF, type IFOptions } from './layers/if.ts';
export type { Initializer, NamedInitializer } from './layers/initialize.ts';
export type { ForwardContext, LayerConfig } from './layers/layer.ts';
export { CarriedState, Layer } from './layers/layer.ts';
export { LIF, type LIFOptions } from './layers/lif.ts';
export { Linear, type LinearOptions } from './layers/linear.ts';
export { type Constant, type Drawn, type NeuronOptions, Neurons, type PerNeuron } from './layers/neurons.ts';
export { Neuron, type NeuronLayerOptions } from './layers/own.ts';
export { Parallel, type ParallelOptions } from './layers/parallel.ts';
export { PLIF, type PLIFOptions } from './layers/plif.ts';
export { AvgPool2d, type Pool2dOptions, SumPool2d } from './layers/pool2d.ts';
export { Readout, type ReadoutOptions } from './layers/readout.ts';
export { Residual, type ResidualOptions } from './layers/residual.ts';
export { RF, type RFOptions } from './layers/rf.ts';
export { type Saved, savedBytes } from './layers/saved_bytes.ts';
export { SEAdLIF, type SEAdLIFOptions } from './layers/se_adlif.ts';
export { Sequential } from './layers/sequential.ts';
export { type CrossEntropyOptions, crossEntropy } from './loss/cross_entropy.ts';
export type { LossFunction } from './loss/index.ts';
export * as loss from './loss/index.ts';
export type { Regularizer } from './loss/regularize.ts';
export * as regularize from './loss/regularize.ts';
export { type SquaredErrorOptions, squaredError } from './loss/squared_error.ts';
export { type VanRossumOptions, vanRossum } from './loss/van_rossum.ts';
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
  atan,
  cos,
  detach,
  Expr,
  erf,
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
export type { Ranges } from './neurons/ranges.ts';
export type { Framework, Semantics } from './neurons/semantics.ts';
export {
  atanSurrogate,
  boxcar,
  defineSurrogate,
  exponential,
  fastSigmoid,
  gaussian,
  multiGaussian,
  type Surrogate,
  type SurrogateChoice,
  sigmoid,
  straightThrough,
  surrogateNames,
  triangle,
} from './neurons/surrogates.ts';
export { Adam, type AdamOptions, AdamW } from './optim/adam.ts';
export { type Clip, type Group, type GroupOptions, Optimizer } from './optim/optimizer.ts';
export { RMSprop, type RMSpropOptions } from './optim/rmsprop.ts';
export type { Schedule } from './optim/schedules.ts';
export * as schedules from './optim/schedules.ts';
export { SGD, type SGDOptions } from './optim/sgd.ts';
export { type Batch, Dataset, type DatasetSource } from './train/dataset.ts';
export type { EarlyStop } from './train/early_stop.ts';
export { confusion, type EvaluateOptions, type Evaluation, evaluate } from './train/evaluate.ts';
export { fit } from './train/fit.ts';
export type { Score } from './train/monitor.ts';
export type { Checkpointing, EpochResult, FitOptions, FitProgress, FitResult } from './train/options.ts';
export type { GradientNorm } from './train/readings.ts';
export type { Snapshot } from './train/snapshot.ts';
export type { BatchSource } from './train/source.ts';
export { type NetState, Stepper, type StepperOptions } from './train/stepper.ts';
export type { Truncation } from './train/windows.ts';
