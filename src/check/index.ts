/** The entry `spiketape/check`: proof for neurons of one's own. */
export { type CheckNeuronOptions, checkNeuron, type NeuronReport } from './check_neuron.ts';
