import { describe, expect, it } from 'vitest';
import { LIF } from '../../src/layers/lif.ts';
import { differentiate } from '../../src/neurons/differentiate.ts';
import { compile } from '../../src/neurons/evaluate.ts';
import * as E from '../../src/neurons/expr.ts';
import * as S from '../../src/neurons/surrogates.ts';
import { defineSurrogate, type Surrogate, surrogate, surrogateNames } from '../../src/neurons/surrogates.ts';

const x = E.leaf('x');

/** An expression in x and a surrogate's constants as a function. */
function at(root: E.Expr, s: Surrogate, round?: (v: number) => number): (value: number) => number {
  const constants = Object.entries(s.constants).map(([name, value]) => [E.leaf(`surrogate.${name}`), value] as const);
  const program = compile([root], [x, ...constants.map(([e]) => e)], () => Number.NaN, round);
  for (const [e, value] of constants) program.set(e, value);
  return (value) => {
    program.set(x, value);
    program.run();
    return program.get(root);
  };
}

const defaults = surrogateNames.map((name) => surrogate(name));
const all: Surrogate[] = [
  ...defaults,
  S.triangle({ gamma: 1.3 }),
  S.fastSigmoid({ slope: 4 }),
  S.atanSurrogate({ a: 0.7 }),
  S.sigmoid({ slope: 3 }),
  S.boxcar({ height: 1.5, width: 0.2 }),
  S.exponential({ scale: 2, tau: 0.3 }),
  S.gaussian({ gamma: 0.4, sigma: 1.5 }),
  S.multiGaussian({ gamma: 0.5, h: 0.4, sigma: 0.3, spread: 2 }),
];
const cases = all.map((s) => [`${s.name} ${JSON.stringify(s.constants)}`, s] as const);

describe('surrogates', () => {
  it.each(cases)('%s: the primitive, differentiated, is the derivative', (_, s) => {
    const [derivative, primitive] = [at(s.derivative(x), s), at(s.primitive(x), s)];
    const derived = at(differentiate([[s.primitive(x), E.expr(1)]], [x], null)[0]!, s);
    for (let i = -400; i <= 400; i++) {
      // off the kinks of the piecewise ones
      const p = 0.0123 * i + 0.00017;
      expect(Math.abs(derived(p) - derivative(p)), `symbolically at ${p}`).toBeLessThan(
        1e-13 * Math.max(1, derivative(p)),
      );
      const h = 1e-6;
      const slope = (primitive(p + h) - primitive(p - h)) / (2 * h);
      expect(Math.abs(slope - derivative(p)), `measured at ${p}`).toBeLessThan(1e-6 * Math.max(1, derivative(p)));
    }
  });

  const extremes = [
    0, 1e-45, 1e-38, 1e-20, 0.5, 1, 3, 88, 104, 1e3, 1e9, 1e18, 1.9e19, 1e20, 1e30, 1e37, 3e38, 3.4028234e38,
  ];
  // the smallest and the largest constants that are allowed
  const limits: Surrogate[] = [1e-6, 1e6].flatMap((c) => [
    S.triangle({ gamma: c }),
    S.fastSigmoid({ slope: c }),
    S.atanSurrogate({ a: c }),
    S.sigmoid({ slope: c }),
    S.boxcar({ height: c, width: c }),
    S.exponential({ scale: c, tau: c }),
    S.gaussian({ sigma: c }),
    S.multiGaussian({ sigma: c < 1 ? 1e-3 : 1e3, spread: c < 1 ? 1e-3 : 1e3, h: c }),
  ]);
  it.each([...cases, ...limits.map((s) => [`${s.name} ${JSON.stringify(s.constants)}`, s] as const)])(
    '%s: every operation of the derivative is finite in float32 for every finite x, the primitive in float64',
    (_, s) => {
      const nodes = E.topological([s.derivative(x)]);
      for (const p of extremes.flatMap((e) => [e, -e].map(Math.fround))) {
        for (const e of nodes) {
          const value = at(e, s, Math.fround)(p);
          expect(Number.isFinite(value), `${e.op} is ${value} at x = ${p}`).toBe(true);
        }
        expect(Number.isFinite(at(s.primitive(x), s)(p)), `primitive at ${p}`).toBe(true);
      }
    },
  );

  it.each(defaults.filter((s) => s.name !== 'straight_through').map((s) => [s.name, s] as const))(
    '%s: symmetric, largest at 0, and nothing left far away',
    (_, s) => {
      const d = at(s.derivative(x), s);
      for (const p of [0.1, 0.4, 1.3, 6]) expect(d(p)).toBe(d(-p));
      for (const p of [0.01, 0.3, 0.9, 2, 50]) expect(d(p)).toBeLessThanOrEqual(d(0));
      expect(Math.abs(d(1e10))).toBeLessThan(1e-20);
    },
  );

  it.each([
    ['triangle', 0, 0.3],
    ['triangle', -0.5, 0.15],
    ['fast_sigmoid', 0.04, 0.25],
    ['atan', 0, 1],
    ['atan', 1 / Math.PI, 0.5],
    ['sigmoid', 0, 6.25],
    ['boxcar', 0.5, 0.5],
    ['boxcar', 0.50001, 0],
    ['exponential', 0, 0.5],
    ['exponential', -2, 0.5 * Math.exp(-2)],
    ['gaussian', 0, Math.sqrt(2 / Math.PI)],
    ['gaussian', 0.5, Math.sqrt(2 / Math.PI) * Math.exp(-0.5)],
    // 1.15 N(0; 0, 0.5) - 0.3 N(0.5; 0, 3)
    ['multi_gaussian', 0, (1.15 / 0.5 - (0.3 / 3) * Math.exp(-1 / 72)) / Math.sqrt(2 * Math.PI)],
    ['straight_through', 17, 1],
  ])('%s at %d', (name, p, value) => {
    const s = surrogate(name);
    expect(at(s.derivative(x), s)(p)).toBeCloseTo(value, 13);
  });

  it('erf', () => {
    // from tables to 16 digits
    const known = [
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [1.9, 0.9927904292352575],
      [2, 0.9953222650189527],
      [2.1, 0.997020533343667],
      [3, 0.9999779095030014],
    ] as const;
    const erf = (v: number): number => E.meaning.erf(v, 0, 0);
    for (const [v, value] of known) {
      expect(Math.abs(erf(v) - value)).toBeLessThan(1e-15);
      expect(erf(-v)).toBe(-erf(v));
    }
    expect([erf(0), erf(7), erf(Number.POSITIVE_INFINITY)]).toEqual([0, 1, 1]);
    expect(erf(1e-9) / 1e-9).toBeCloseTo(2 / Math.sqrt(Math.PI), 15);
  });

  it('by name, by name and constants, as it is', () => {
    expect(surrogate('multi_gaussian').constants).toEqual({ gamma: 1, h: 0.15, sigma: 0.5, spread: 6 });
    expect(surrogate({ name: 'sigmoid', constants: { slope: 7 } }).constants).toEqual({ slope: 7 });
    const own = S.atanSurrogate({ a: 3 });
    expect(surrogate(own)).toBe(own);
    expect(surrogate({ name: 'atan' }).constants).toEqual({ a: 2 });
  });

  it.each([
    [() => S.triangle({ gamma: 0 }), /triangle: gamma must be in 0.000001 .. 1000000, got 0/],
    [() => S.sigmoid({ slope: Number.NaN }), /slope must be in 0.000001 .. 1000000, got NaN/],
    [() => S.fastSigmoid({ slope: 1e9 }), /slope must be in 0.000001 .. 1000000, got 1000000000/],
    [() => surrogate('fast_sigmiod'), /unknown name 'fast_sigmiod'; did you mean 'fast_sigmoid'/],
    [() => surrogate({ name: 'atan', constants: { slope: 2 } }), /atan: there is no option 'slope'; .*known are a/],
    [() => S.triangle({ gama: 1 } as object), /triangle: there is no option 'gama'; did you mean 'gamma'\?/],
    [() => surrogate({ name: 'atan', a: 3 } as never), /surrogate 'atan': there is no option 'a'/],
    [
      () => surrogate(42 as never),
      /surrogate: must be a name or a Surrogate, such as 'atan' or fastSigmoid\(\), got 42/,
    ],
    [() => S.straightThrough({ slope: 1 }), /straight_through: there is no option 'slope'/],
  ])('refuses %#', (make, message) => {
    expect(make).toThrow(message);
  });
});

describe('defineSurrogate', () => {
  const tent = () =>
    defineSurrogate({
      name: 'tent',
      constants: { height: 0.5 },
      derivative: (d, { height }) => height.mul(E.relu(E.expr(1).sub(E.abs(d)))),
      primitive: (d, { height }) => {
        const c = E.max(E.min(d, 1), -1);
        return height.mul(c.sub(c.mul(E.abs(c)).mul(0.5)));
      },
    });

  it('takes one whose parts agree; a layer takes it', () => {
    const s = tent();
    expect(at(s.derivative(x), s)(0.25)).toBe(0.375);
    expect(new LIF(3, 2, { surrogate: s }).surrogate).toBe(s);
  });

  const make = (part: Partial<Parameters<typeof defineSurrogate<'k'>>[0]>) => () =>
    defineSurrogate({
      name: 'own',
      constants: { k: 2 },
      derivative: (d, { k }) => k.mul(d).mul(0),
      primitive: () => E.expr(3),
      ...part,
    });
  it.each([
    [make({ primitive: (d) => d }), /'own': the derivative is 0 at x = 0.013, but that of the primitive is 1/],
    // a jump is no derivative
    [make({ primitive: (d) => d.sub(0.037).gt(0) }), /the derivative is 0 at x = 0.037.*measured: 49999/],
    [
      make({ derivative: (d) => d.mul(d).sub(d.mul(d)) }),
      /is NaN at x = 100000000000000000000 in float32; bound \|x\|/,
    ],
    [
      make({ derivative: () => E.leaf('param.tau') }),
      /the derivative uses 'param.tau'; it may use x and its constants/,
    ],
    [make({ primitive: (d) => d.mul(Number.NaN) }), /the primitive has a constant that is not finite, NaN/],
    [make({ derivative: (d) => E.erf(d) }), /uses erf, which a kernel cannot compute/],
    [make({ constants: { k: Number.POSITIVE_INFINITY } }), /constant 'k' must be a finite number, got Infinity/],
    [
      () =>
        defineSurrogate({
          name: 'own',
          constants: { slope: 1 },
          derivative: (_, c) => (c as never as { slop: E.Expr }).slop,
          primitive: (d) => d,
        }),
      /no constant 'slop'; did you mean 'slope'/,
    ],
    // it would be saved, and loaded as the other triangle
    [
      () => new LIF(3, 2, { surrogate: { ...tent(), name: 'triangle' } }),
      /'triangle' is the name of another one; choose a name of your own/,
    ],
    // a plain object is looked at as well
    [
      () => surrogate({ name: 'own', constants: {}, derivative: (d) => d, primitive: (d) => d }),
      /'own': the derivative is/,
    ],
  ])('refuses %#', (define, message) => {
    expect(define).toThrow(message);
  });
});
