import { lastSpike, type NeuronDefinition } from '../neurons/definition.ts';
import type { Expr, Op } from '../neurons/expr.ts';
import { OWN_WEIGHT } from '../neurons/recurrence.ts';

/** Operations of one neuron in one step. */
export interface UpdateOperations {
  readonly adds: number;
  readonly multiplies: number;
  readonly functions: number;
}

const KIND: Partial<Record<Op, keyof UpdateOperations>> = {
  add: 'adds',
  sub: 'adds',
  // a comparison is a subtraction of which the sign is looked at
  min: 'adds',
  max: 'adds',
  mul: 'multiplies',
  div: 'functions',
  exp: 'functions',
  expm1: 'functions',
  log: 'functions',
  sqrt: 'functions',
  sin: 'functions',
  cos: 'functions',
  tanh: 'functions',
  atan: 'functions',
  erf: 'functions',
};

/**
 * What a step of a neuron takes, from its equations: what the next states and the spike (the voltage of a neuron that does not
 * spike) need. Of a neuron with a weight on its own last spike that sum is a synaptic operation, counted as one.
 */
export function updateOperations(def: NeuronDefinition): UpdateOperations {
  const found = operationsOf([...def.states.map((s) => def.next[s]!), def.z ?? def.v]);
  return Object.hasOwn(def.params, OWN_WEIGHT) ? { ...found, adds: found.adds - 1 } : found;
}

/**
 * The operations of equations: each node of their graph once.
 *
 * Not counted: what depends on constants alone and is computed once (decays from time constants); changes of sign; a product
 * with a spike, which selects; the division of the distance from the threshold by the threshold, which does not change its
 * sign; numbers by which the argument and the value of a function are scaled and shifted, which belong to it (a sigmoid made of a tanh).
 */
export function operationsOf(roots: readonly Expr[]): UpdateOperations {
  const found = { adds: 0, multiplies: 0, functions: 0 };
  const constant = new Map<Expr, boolean>();
  /** Made of constants of the neuron alone. */
  const isConstant = (e: Expr): boolean => {
    const known = constant.get(e);
    if (known !== undefined) return known;
    const made = e.op === 'leaf' ? e.name.startsWith('param.') : e.args.every(isConstant);
    constant.set(e, made);
    return made;
  };
  const seen = new Set<Expr>();
  const visit = (e: Expr): void => {
    if (seen.has(e) || isConstant(e)) return;
    seen.add(e);
    if (e.op === 'spike') {
      let distance = e.args[0]!;
      // barred in the refractory period
      if (distance.op === 'where') {
        visit(distance.args[0]!);
        distance = distance.args[2]!;
      }
      // in thresholds or not, the sign is the same
      if (distance.op === 'div') distance = distance.args[0]!;
      // a difference is compared by computing it
      if (distance.op !== 'sub') found.adds++;
      visit(distance);
      return;
    }
    const scaled = KIND[e.op] === 'functions' && e.op !== 'div' && e.args[0]!.op === 'mul' ? numberIn(e.args[0]!) : -1;
    for (const a of scaled < 0 ? e.args : [e.args[0]!.args[1 - scaled]!]) visit(a);
    if (e.op === 'gt' || e.op === 'ge') {
      // whether a spike was there is no comparison
      if (!e.args.some(isBinary)) found.adds++;
      return;
    }
    const kind = KIND[e.op];
    if (kind && !isBinary(e) && !isShifted(e) && !(e.op === 'mul' && e.args.some(isBinary))) found[kind]++;
  };
  for (const root of roots) visit(root);
  return found;
}

/** Which of two arguments is a number. */
const numberIn = (e: Expr): number => e.args.findIndex((a) => a.op === 'const');

/** The value of a function, scaled and shifted by numbers. */
function isShifted(e: Expr): boolean {
  if (e.op !== 'add' && e.op !== 'sub' && e.op !== 'mul') return false;
  const at = numberIn(e);
  if (at < 0) return false;
  const other = e.args[1 - at]!;
  return isShifted(other) || (KIND[other.op] === 'functions' && other.op !== 'div');
}

/** 0 or 1. */
function isBinary(e: Expr): boolean {
  if (e === lastSpike || e.op === 'spike' || e.op === 'gt' || e.op === 'ge') return true;
  if (e.op === 'detach') return isBinary(e.args[0]!);
  if (e.op === 'mul') return e.args.every(isBinary);
  return e.op === 'sub' && e.args[0]!.op === 'const' && e.args[0]!.value === 1 && isBinary(e.args[1]!);
}
