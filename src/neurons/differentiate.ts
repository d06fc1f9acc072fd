import { cos, type Expr, exp, expr, sin, tanh, topological, where } from './expr.ts';
import type { Surrogate } from './surrogates.ts';

/**
 * Reverse-mode derivatives, as expressions.
 *
 * @param outputs pairs of an expression and the adjoint that arrives at it
 * @param wrt where the derivatives are wanted
 * @param surrogate stands for the derivative of every spike
 * @returns for each of `wrt` the sum over outputs of adjoint * d output / d wrt
 */
export function differentiate(
  outputs: readonly (readonly [Expr, Expr])[],
  wrt: readonly Expr[],
  surrogate: Surrogate | null,
): Expr[] {
  const adjoint = new Map<Expr, Expr>();
  const send = (to: Expr, amount: Expr): void => {
    adjoint.set(to, (adjoint.get(to) ?? expr(0)).add(amount));
  };
  for (const [e, bar] of outputs) send(e, bar);
  for (const e of topological(outputs.map(([e]) => e)).reverse()) {
    const bar = adjoint.get(e);
    if (bar && !(bar.op === 'const' && bar.value === 0)) sendBack(e, bar, send, surrogate);
  }
  return wrt.map((e) => adjoint.get(e) ?? expr(0));
}

function sendBack(e: Expr, bar: Expr, send: (to: Expr, amount: Expr) => void, surrogate: Surrogate | null): void {
  const [a, b, c] = e.args as [Expr, Expr, Expr];
  switch (e.op) {
    case 'const':
    case 'leaf':
    case 'gt':
    case 'ge':
    case 'detach':
      return;
    case 'neg':
      return send(a, bar.neg());
    case 'abs':
      return send(a, where(a.ge(0), bar, bar.neg()));
    case 'exp':
      return send(a, bar.mul(exp(a)));
    case 'expm1':
      return send(a, bar.mul(e.add(1)));
    case 'log':
      return send(a, bar.div(a));
    case 'sqrt':
      return send(a, bar.mul(expr(0.5)).div(e));
    case 'sin':
      return send(a, bar.mul(cos(a)));
    case 'cos':
      return send(a, bar.mul(sin(a)).neg());
    case 'tanh':
      return send(a, bar.mul(expr(1).sub(tanh(a).mul(tanh(a)))));
    case 'atan':
      return send(a, bar.div(a.mul(a).add(1)));
    case 'erf':
      return send(a, bar.mul(2 / Math.sqrt(Math.PI)).mul(exp(a.mul(a).neg())));
    case 'add':
      send(a, bar);
      return send(b, bar);
    case 'sub':
      send(a, bar);
      return send(b, bar.neg());
    case 'mul':
      send(a, bar.mul(b));
      return send(b, bar.mul(a));
    case 'div':
      send(a, bar.div(b));
      return send(b, bar.mul(e).div(b).neg());
    case 'min':
      send(a, where(b.gt(a), bar, 0));
      return send(b, where(b.gt(a), 0, bar));
    case 'max':
      send(a, where(a.gt(b), bar, 0));
      return send(b, where(a.gt(b), 0, bar));
    case 'where':
      send(b, where(a, bar, 0));
      return send(c, where(a, 0, bar));
    case 'spike':
      if (!surrogate) throw new Error('differentiate: the equations spike, but no surrogate was given');
      return send(a, bar.mul(surrogate.derivative(a)));
  }
}
