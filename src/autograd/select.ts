import { suggest } from '../neurons/nearest.ts';
import type { Parameter } from './parameter.ts';

/** One way to name parameters: a whole name (`0.tau`), a pattern that names match, or a predicate. */
export type Selector = string | RegExp | ((p: Parameter) => boolean);
/** Some parameters of a net: all that one of the selectors takes. */
export type Selection = Selector | readonly Selector[];

/**
 * The parameters that a selection takes, in their own order.
 *
 * @param owner whose option it is, for the message
 * @throws when a selector takes none: a name that is not known with the nearest known one
 */
export function select(owner: string, parameters: readonly Parameter[], selection: Selection): Parameter[] {
  const selectors = Array.isArray(selection) ? (selection as readonly Selector[]) : [selection as Selector];
  if (selectors.length === 0) throw new Error(`${owner}: an empty list of parameters takes none`);
  const chosen = new Set(selectors.flatMap((s) => one(owner, parameters, s)));
  return parameters.filter((p) => chosen.has(p));
}

/**
 * Those of a selection that are trained. A pattern may take fixed ones by the way; who names one expects it to learn.
 *
 * @throws as `select`, and when a parameter is named that is not trained
 */
export function selectTrained(owner: string, parameters: readonly Parameter[], selection: Selection): Parameter[] {
  const names = Array.isArray(selection) ? selection : [selection];
  return select(owner, parameters, selection).filter((p) => {
    if (!p.trainable && names.includes(p.name))
      throw new Error(`${owner}: parameter '${p.name}' is not trained; name it in the layer's option learn`);
    return p.trainable;
  });
}

function one(owner: string, parameters: readonly Parameter[], selector: Selector): Parameter[] {
  const taken = parameters.filter((p) => {
    if (typeof selector === 'function') return selector(p);
    // not test(): with the flag g it would go on where it ended
    return typeof selector === 'string' ? p.name === selector : p.name.search(selector) >= 0;
  });
  if (taken.length > 0) return taken;
  const names = parameters.map((p) => p.name);
  if (typeof selector === 'string')
    throw new Error(`${owner}: there is no parameter '${selector}'${suggest(selector, names)}`);
  const what = typeof selector === 'function' ? 'the predicate' : String(selector);
  throw new Error(`${owner}: ${what} takes no parameter; known are ${names.join(', ')}`);
}
