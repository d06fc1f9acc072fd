import { onlyKnown } from '../../../neurons/nearest.ts';
import type { Imported } from '../../exported.ts';
import { completeNir } from '../file/complete.ts';
import type { NirGraph } from '../file/graph.ts';
import { readNir } from '../file/read.ts';
import { validateNir } from '../file/validate.ts';
import { stepIn } from '../from_net/metadata.ts';
import { type SemanticsName, semanticsOf, stepOf } from '../run/semantics.ts';
import { rewriteForSnntorch } from '../run/snntorch_rewrite.ts';
import { partsOf } from './parts.ts';
import { buildLayers } from './rebuild.ts';

export interface NirImportOptions {
  /** The program whose reading of the file the net is to have ('nir': Euler steps of the specification's equations). */
  readonly semantics?: SemanticsName;
  /** The time step in seconds; that of our metadata or of the semantics by default. */
  readonly dt?: number;
}

/**
 * A NIR file as a net that fires the spikes which the specification, or a program, makes of the file. Input gains, r
 * and v_leak go into weights and biases, or thresholds where there are none; every parameter is rounded to float32.
 * Files that we wrote come back as the layers that they were; where semantics are given, only if the file fires their
 * spikes.
 *
 * @throws when the file is none, and naming node and type where no layer computes it, or the program refuses it
 */
export async function decodeNir(bytes: Uint8Array, options: NirImportOptions = {}): Promise<Imported> {
  onlyKnown('decodeNir', options, ['semantics', 'dt']);
  const { graph, version } = await readNir(bytes);
  const { net, notes } = netOf(graph, options);
  return { net, notes: [`NIR ${version || 'of no stated version'}`, ...notes] };
}

/** The same of a graph in memory. */
export function netOf(graph: NirGraph, options: NirImportOptions = {}): Imported {
  const own = stepIn(graph);
  const { semantics: name = 'nir' } = options;
  const s = semanticsOf(name);
  const dt = stepOf(name, options.dt ?? (name === 'nir' ? own : undefined));
  const read = completeNir(name === 'snntorch' ? rewriteForSnntorch(graph) : graph);
  const shapes = validateNir(read);
  const notes = [`read as ${s.title}, in steps of ${dt} s`];
  if (name !== 'nir' && own !== undefined && own !== dt) notes.push(`the file was written for steps of ${own} s`);
  const parts = partsOf(read, shapes, s, dt, options.semantics === undefined);
  return { net: buildLayers(parts, notes), notes };
}
