export { renderReport } from './page.ts';
export type {
  Comparison,
  ConfusionMatrix,
  CurvePlot,
  KernelTimes,
  LabelledRange,
  NamedValues,
  Report,
  Sample,
  SampleLayer,
  Values,
} from './types.ts';
