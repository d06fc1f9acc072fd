/** What every neuron needs to turn time constants into decays. */
export interface Timing {
  /** Length of a time step in ms (default 1). */
  dt?: number;
  /** e^{-dt/tau} (default), or Euler's 1 - dt/tau. */
  decay?: 'exponential' | 'euler';
}
