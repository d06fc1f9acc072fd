import {
  AHP,
  ALIF,
  AvgPool2d,
  BatchNorm,
  Conv2d,
  CubaLIF,
  Dropout,
  Encode,
  encode,
  Flatten,
  LIF,
  Linear,
  Parallel,
  Readout,
  Residual,
  Sequential,
} from '../../src/index.ts';

/** Small nets that between them hold every form that files have: nested, shared, tied, masked, heterogeneous. */
export function nets(): Readonly<Record<string, Sequential>> {
  const shared = new LIF(4, 4, { tau: [5, 10, 20, 40] });
  const tied = [new Linear(4, 4), new Linear(4, 4)] as const;
  tied[1].tie('weight', tied[0].params.weight!);
  return {
    ahp: new Sequential(new AHP(3, 5, { recurrent: true }), new Readout(5, 2)),
    nested: new Sequential(
      new Linear(3, 4),
      new Parallel([new Sequential(new LIF(4), new Linear(4, 4)), new Residual(tied[0], shared)]),
      new Linear(8, 4),
      shared,
      tied[1],
      new Residual(new Linear(4, 2), new LIF(2), { projection: new Linear(4, 2, { bias: false }) }),
    ),
    planes: new Sequential(
      new Conv2d([1, 4, 4], 2, 3, { padding: 1 }),
      new BatchNorm(32, { channels: 2 }),
      new LIF(32),
      new AvgPool2d([2, 4, 4], 2),
      new Flatten([2, 2, 2]),
      new Dropout(8, 0.3),
      new Linear(8, 2, { connections: { signs: [1, 1, 1, 1, -1, -1, -1, -1] } }),
    ),
    encoded: new Sequential(
      new Encode(3, encode.latency({ steps: 8 })),
      new ALIF(3, 4, {
        recurrent: 'one-to-one',
        surrogate: 'atan',
        connections: { mask: ['101', '110', '011', '111'] },
      }),
      new CubaLIF(4, 3, { recurrent: true, recurrentConnections: { density: 0.5 } }),
    ),
  };
}

/** Feed-forward and recurrent nets of layers that most tools know. */
export function plainNets(): readonly Sequential[] {
  return [
    new Sequential(new Linear(3, 4), new LIF(4, { tau: 10 }), new Linear(4, 2), new LIF(2, { tau: 20 })),
    new Sequential(new LIF(3, 4, { recurrent: true }), new Linear(4, 2)),
  ];
}
