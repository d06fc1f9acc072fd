/** Why a layer's equations cannot be said in NIR: a reason that goes on from the layer's name. */
export class NoForm extends Error {}
