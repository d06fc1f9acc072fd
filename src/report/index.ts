export { renderReport } from './page.ts';
export type {
  Comparison,
  ConfusionMatrix,
  CurvePlot,
  LabelledRange,
  NamedValues,
  Report,
  Sample,
  SampleLayer,
  Values,
} from './types.ts';
