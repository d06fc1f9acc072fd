export { type DiagnoseOptions, Diagnosis, diagnose, type LayerReport, type Sample } from './diagnose.ts';
export { type Finding, type FindingKind, LIMITS } from './finding.ts';
export { Watch, warningOf } from './watch.ts';
