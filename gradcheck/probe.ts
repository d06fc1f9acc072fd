// Ends well where there is an adapter.
import { init } from 'spiketape';

(await init()).dispose();
