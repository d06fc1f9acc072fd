import type { Engine } from '../autograd/engine.ts';
import { Tensor } from '../autograd/tensor.ts';
import { count } from '../device/storage.ts';
import { CarriedState, positiveInteger } from '../layers/layer.ts';
import type { Sequential } from '../layers/sequential.ts';
import { onlyKnown } from '../neurons/nearest.ts';

export interface StepperOptions {
  /** Samples side by side, each with a state of its own (1). */
  readonly batch?: number;
  /** 'bits' for inputs that are spikes, 0 and 1, if the net was trained on such (default 'f32'). */
  readonly form?: 'f32' | 'bits';
  /** 'half': with the weights rounded, if the net was trained so (default 'full'). */
  readonly precision?: 'full' | 'half';
}

/**
 * The states of a net between two steps: what each layer of neurons has, by its place in the net (`0`, `1.body.0`), as
 * [states in the neuron's order, then its last spikes if it spikes][batch][N]. Plain numbers: it can be saved as JSON.
 */
export type NetState = Readonly<Record<string, readonly number[]>>;

/** Who stepped last on a device, and what steppers wait for. */
interface Turn {
  waiting: Promise<unknown>;
  last: Stepper | null;
}

const turns = new WeakMap<Engine, Turn>();

/**
 * Runs a net as its input comes in, one time step at a time or several, without training. What it puts out is bit for bit
 * what the whole sequence at once would give (an encoder by rate draws other spikes). The state stays on the device from step to step, and can be read, kept and
 * put back by the user. Each number of time steps is compiled once.
 *
 *     const stepper = new Stepper(engine, net);
 *     for (;;) show(await stepper.step(await nextInput()));
 *
 * Calls need not be awaited to be carried out in their order. Several steppers may take turns on one net; each change of
 * turn reads the other's state back, so that many samples belong into one stepper's batch.
 */
export class Stepper {
  readonly batch: number;
  readonly form: 'f32' | 'bits';
  readonly precision: 'full' | 'half';
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  #state = new CarriedState();
  #steps = 0;

  /** @param net bound to the engine here, unless it is already; then with the parameters that the device has */
  constructor(
    readonly engine: Engine,
    readonly net: Sequential,
    options: StepperOptions = {},
  ) {
    onlyKnown('Stepper', options, ['batch', 'form', 'precision']);
    const { batch = 1, form = 'f32', precision = 'full' } = options;
    this.batch = positiveInteger('Stepper', 'batch', batch);
    if (form !== 'f32' && form !== 'bits') throw new Error(`Stepper: form must be 'f32' or 'bits', got '${form}'`);
    this.form = form;
    this.precision = precision;
    if (net.parameters().some((p) => !engine.arenaOf(p))) engine.bind(net);
    // recorded and never run: what states there are
    const shape = [1, batch, net.inputs];
    const state = new CarriedState();
    const x = engine
      .tape({ training: false, step: 0, precision })
      .input(new Float32Array(count(shape)), { shape, form });
    const y = net.forward(x, { state });
    if (y.shape[0] !== 1)
      throw new Error(
        `Stepper: the net makes ${y.shape[0]} steps of one; leave the encoder out and step with what it makes (encode.onHost)`,
      );
    this.#shapes = new Map([...state.final].map(([place, t]) => [place, (t as Tensor).shape]));
    this.#clear();
  }

  /** Time steps done since the state was set to 0 or put back. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * @param x [batch, inputs] of one time step, or [T, batch, inputs] of several
   * @returns [batch, outputs], or [T, batch, outputs]; spikes as 0 and 1
   * @throws when x is no whole number of time steps, or holds what is no number (no spike); the state is then as before
   */
  step(x: ArrayLike<number>): Promise<Float32Array> {
    const values = Float32Array.from(x);
    return this.#inTurn(async () => {
      const { engine, net, batch, form } = this;
      const T = values.length / (batch * net.inputs);
      if (!(Number.isInteger(T) && T > 0))
        throw new Error(
          `Stepper: x must have ${batch} x ${net.inputs} values (batch x inputs) or a multiple, got ${values.length}`,
        );
      const state = new CarriedState();
      for (const [place, t] of this.#state.final) state.final.set(place, t);
      const tape = engine.tape({ training: false, step: this.#steps, precision: this.precision });
      const y = net.forward(tape.input(values, { shape: [T, batch, net.inputs], form, name: 'x' }), { state });
      y.keep();
      await tape.run();
      this.#state = state;
      this.#steps += T;
      return y.read();
    });
  }

  /** The state as plain numbers. */
  state(): Promise<NetState> {
    return this.#inTurn(async () => {
      await this.#fetch();
      return Object.fromEntries([...this.#state.final].map(([place, values]) => [place, [...(values as number[])]]));
    });
  }

  /**
   * Goes on from a state that `state` gave.
   *
   * @throws when it is of another net or batch, or holds what is no number; the state is then as before
   */
  async restore(state: NetState): Promise<void> {
    for (const [place, shape] of this.#shapes) {
      const values = state[place];
      if (values?.length !== count(shape))
        throw new Error(
          `Stepper: the state of '${place}' must have ${shape.join(' x ')} values, got ${values ? values.length : 'none'}`,
        );
      const bad = values.findIndex((v) => !Number.isFinite(v));
      if (bad >= 0) throw new Error(`Stepper: the state of '${place}' has ${values[bad]} at ${bad}`);
    }
    const unknown = Object.keys(state).find((place) => !this.#shapes.has(place));
    if (unknown !== undefined)
      throw new Error(`Stepper: the net has no state '${unknown}'; it has ${[...this.#shapes.keys()].join(', ')}`);
    const own = Object.entries(state).map(([place, values]) => [place, [...values]] as const);
    await this.#inTurn(async () => {
      this.#clear();
      for (const [place, values] of own) this.#state.final.set(place, values);
    });
  }

  /** Begins afresh, with all states 0. */
  reset(): Promise<void> {
    return this.#inTurn(async () => this.#clear());
  }

  #clear(): void {
    this.#steps = 0;
    // zeros and not nothing: a step from given numbers is the same compiled step
    this.#state = new CarriedState();
    for (const [place, shape] of this.#shapes) this.#state.final.set(place, new Array<number>(count(shape)).fill(0));
  }

  /** Brings the state from the device to the CPU. */
  async #fetch(): Promise<void> {
    const { final } = this.#state;
    for (const [place, t] of final) if (t instanceof Tensor) final.set(place, [...(await t.read())]);
  }

  /** Does something when everything that was asked for before is done. */
  #inTurn<R>(act: () => Promise<R>): Promise<R> {
    const turn = turns.get(this.engine) ?? { waiting: Promise.resolve(), last: null };
    turns.set(this.engine, turn);
    const done = turn.waiting.then(async () => {
      // steps of one form share their memory: what the other left there would be overwritten. If it is lost already, its
      // owner will be told
      if (turn.last && turn.last !== this) await turn.last.#fetch().catch(() => undefined);
      turn.last = this;
      return act();
    });
    turn.waiting = done.catch(() => undefined);
    return done;
  }
}
