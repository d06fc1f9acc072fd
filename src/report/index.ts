export { renderPicture } from './curves.ts';
export { renderReport } from './page.ts';
export type {
  Comparison,
  ConfusionMatrix,
  CostCounts,
  CostOfInference,
  CurvePlot,
  EnergyParts,
  KernelTimes,
  LabelledRange,
  NamedValues,
  Report,
  Sample,
  SampleLayer,
  Values,
} from './types.ts';
