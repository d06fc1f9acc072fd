/** Imported by a worker, to be bundled with it. */
export const twice = (value: number): number => 2 * value;
