export { renderReport } from './page.ts';
export { renderPicture } from './picture.ts';
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
