// Assertions that need nothing of a test runner, so that they work in a page, in a worker and on Dawn.

/** Throws with `message` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Compares deeply: numbers by Object.is (NaN equals NaN, 0 differs from -0), arrays, typed arrays, plain objects. */
export function assertEqual(actual: unknown, expected: unknown, what = 'value'): void {
  const path = firstDifference(actual, expected, what);
  if (path) throw new Error(path);
}

function firstDifference(actual: unknown, expected: unknown, at: string): string {
  if (Object.is(actual, expected)) return '';
  if (isList(actual) && isList(expected)) {
    if (actual.constructor !== expected.constructor) {
      return `${at}: got a ${actual.constructor.name}, expected a ${expected.constructor.name}`;
    }
    if (actual.length !== expected.length) return `${at}: got length ${actual.length}, expected ${expected.length}`;
    for (let i = 0; i < expected.length; i++) {
      const inner = firstDifference(actual[i], expected[i], `${at}[${i}]`);
      if (inner) return inner;
    }
    return '';
  }
  if (isRecord(actual) && isRecord(expected)) {
    for (const key of new Set([...Object.keys(actual), ...Object.keys(expected)])) {
      const inner = firstDifference(actual[key], expected[key], `${at}.${key}`);
      if (inner) return inner;
    }
    return '';
  }
  return `${at}: got ${show(actual)}, expected ${show(expected)}`;
}

export interface Tolerance {
  /** Largest difference allowed, over the largest magnitude among the expected numbers. */
  relToMax?: number;
  /** Largest difference allowed, added to the former. Where both are left out, relToMax is 1e-4. */
  absolute?: number;
}

/**
 * Compares two lists of numbers of the same length; NaN and infinities on either side never pass.
 * Returns the largest difference over the largest expected magnitude.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance = {},
  what = 'values',
): number {
  const { absolute = 0, relToMax = tolerance.absolute === undefined ? 1e-4 : 0 } = tolerance;
  if (actual.length !== expected.length) {
    throw new Error(`${what}: got ${actual.length} numbers, expected ${expected.length}`);
  }
  let largest = 0;
  let worst = 0;
  let worstAt = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    if (!Number.isFinite(a) || !Number.isFinite(e)) throw new Error(`${what}[${i}]: got ${a}, expected ${e}`);
    largest = Math.max(largest, Math.abs(e));
    if (Math.abs(a - e) > worst) {
      worst = Math.abs(a - e);
      worstAt = i;
    }
  }
  const allowed = relToMax * largest + absolute;
  if (worst > allowed) {
    throw new Error(
      `${what}[${worstAt}] of ${expected.length}: got ${actual[worstAt]}, expected ${expected[worstAt]}; ` +
        `the difference ${worst.toExponential(3)} exceeds ${allowed.toExponential(3)} ` +
        `(relToMax ${relToMax}, largest magnitude ${largest.toExponential(3)}, absolute ${absolute})`,
    );
  }
  return largest > 0 ? worst / largest : worst;
}

/** Runs `action`, which must throw or reject with an Error whose message matches. Returns that error. */
export async function assertThrows(action: () => unknown, pattern: RegExp): Promise<Error> {
  let result: unknown;
  try {
    result = await action();
  } catch (error) {
    if (!(error instanceof Error)) throw new Error(`expected an Error, but ${show(error)} was thrown`);
    if (!pattern.test(error.message)) {
      throw new Error(`expected an error matching ${pattern}, got: ${error.message}`, { cause: error });
    }
    return error;
  }
  throw new Error(`expected an error matching ${pattern}, but nothing was thrown; the result was ${show(result)}`);
}

interface List {
  readonly length: number;
  readonly [index: number]: unknown;
  readonly constructor: { readonly name: string };
}

function isList(value: unknown): value is List {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Object.is(value, -0)) return '-0';
  if (isList(value)) return `${value.constructor.name} of length ${value.length}`;
  if (isRecord(value)) return JSON.stringify(value);
  return String(value);
}
