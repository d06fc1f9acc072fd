// four megabytes, so that this module is only ever imported when HDF5 is touched
export { default } from 'worker:./worker.ts';
