/** The entry `spiketape/exchange`: nets to and from the formats of other tools, and the proof that they fire the same spikes. */
export type { Activity, Sample, Trace } from './activity.ts';
export type { Exported, ExportedFile, Imported, Inspection, Verdict } from './exported.ts';
