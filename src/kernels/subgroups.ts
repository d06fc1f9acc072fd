/**
 * Regions of kernels whose workgroup adds up what its threads left in its memory, for devices with subgroups. No mapping of
 * threads to subgroups is relied upon, and no size: a thread asks how many there are in its subgroup and which of them it is,
 * takes every so many-th part, and every subgroup makes the whole sum, so that none waits for another. The order in which a
 * device adds within a subgroup is its own, yet the same every time.
 */
const regions = (total: string) => ({
  extensions: 'enable subgroups;',
  total: `workgroupBarrier();\nlet threads = subgroupAdd(1u);\nlet rank = subgroupExclusiveAdd(1u);\n${total}`,
});

/** Of sum_rows: a column of [LANES][QUADS] at a time, few of them. */
export const sumOfColumns = regions(`for (var k = 0u; k < QUADS; k++) {
  var part = vec4f(0);
  for (var i = rank; i < LANES; i += threads) {
    part += parts[i * QUADS + k];
  }
  part = subgroupAdd(part);
  total = select(total, part, thread == k);
}`);

/** Of gradient_norm. */
export const sumOfAll = regions(`sum = 0.0;
for (var i = rank; i < 256u; i += threads) {
  sum += sums[i];
}
sum = subgroupAdd(sum);`);
