/**
 * Constants that neurons have besides their kind's where a file says what no layer has: a weight from each neuron to
 * itself beside those among them, and a current that begins in the second step, when the first spikes have come back.
 */
export const OWN = { weight: 'ownWeight', bias: 'feedbackBias', state: 'started' } as const;
