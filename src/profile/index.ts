/** The entry `spiketape/profile`: where the time goes. */
export { Profile, type ProfileRow } from './profile.ts';
export { profile } from './run.ts';
