import type { Tape } from './tape.ts';
import type { Tensor } from './tensor.ts';

/** One summand of a loss: values that a kernel has already weighted, and how they add up to a number. */
export interface LossTerm {
  readonly name: string;
  readonly tensor: Tensor;
  /** Sets the factor of this term's value and gradient for this step. */
  readonly setWeight: (factor: number) => void;
  readonly sum: (values: Float32Array) => number;
}

/** A scalar to minimise: a weighted sum of terms. Adding and scaling cost nothing on the device. */
export class Loss {
  constructor(
    readonly tape: Tape,
    readonly terms: readonly { readonly term: LossTerm; readonly factor: number }[],
  ) {}

  static of(tape: Tape, term: LossTerm): Loss {
    return new Loss(tape, [{ term, factor: 1 }]);
  }

  add(other: Loss): Loss {
    if (other.tape !== this.tape) throw new Error('loss.add: the two losses belong to different steps');
    return new Loss(this.tape, [...this.terms, ...other.terms]);
  }

  scale(factor: number): Loss {
    if (!Number.isFinite(factor)) throw new Error(`loss.scale: the factor must be finite, got ${factor}`);
    return new Loss(
      this.tape,
      this.terms.map((t) => ({ ...t, factor: t.factor * factor })),
    );
  }

  /** Asks for the gradient of this loss with respect to everything that requires one. Once a step. */
  backward(): void {
    if (!this.tape.options.training) throw new Error('loss.backward: this step was begun with training: false');
    if (this.tape.loss)
      throw new Error('loss.backward: this step has a loss already; add the two and call backward once');
    this.tape.loss = this.prepare();
  }

  /** Gives each term its factor and makes its values readable. */
  prepare(): this {
    const factors = new Map<LossTerm, number>();
    for (const { term, factor } of this.terms) factors.set(term, (factors.get(term) ?? 0) + factor);
    for (const [term, factor] of factors) {
      term.setWeight(factor);
      this.tape.keep(term.tensor);
    }
    return this;
  }

  /** The loss of the step that ran. @throws when it is not finite. */
  async value(): Promise<number> {
    let total = 0;
    for (const term of new Set(this.terms.map((t) => t.term))) total += term.sum(await term.tensor.read());
    if (!Number.isFinite(total))
      throw new Error(`loss: the value is ${total}; look at the inputs and the learning rate`);
    return total;
  }

  get key(): string {
    return this.terms.map((t) => `${t.term.name}${t.term.tensor.id}`).join();
  }
}
