/** What this process holds, in bytes, by different measures: each tells something that the others do not. */
export function memoryHeld(): number[] {
  const { heapUsed, external } = process.memoryUsage();
  // objects and buffers of this thread, touched or not; the most that all threads and WebAssembly ever had in touched pages
  return [heapUsed + external, process.resourceUsage().maxRSS * 1024];
}
