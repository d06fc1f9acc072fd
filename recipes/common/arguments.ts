import { type OptionSpec, options, type ParsedOptions, UsageError } from 'spiketape/host';

/** What every recipe takes; 0 and '' mean: as usual for the recipe. */
const COMMON = {
  epochs: 0,
  limit: 0,
  batch: 0,
  lr: 0,
  seed: 1,
  seeds: 1,
  minutes: 0,
  patience: 0,
  quick: false,
} as const;

/** A recipe's own options with the common ones, parsed from the command line. */
export type RecipeArguments<S extends OptionSpec> = ParsedOptions<S & typeof COMMON>;

/**
 * The arguments of a recipe: its own, and those that all recipes have.
 *
 * - `--epochs n`, `--batch n`, `--lr x`
 * - `--limit n`: so many training samples at most, and a sixth as many of the others
 * - `--seed n`, `--seeds n`: n runs from that seed on, with mean and spread
 * - `--minutes n`: stops training after the step at hand, scores and saves (the cosine of the learning rate is not shortened)
 * - `--patience n`: ends after so many epochs without a better validation accuracy, with the best epoch's weights
 * - `--quick`: under two minutes on two cores without a GPU; the recipe says what it makes smaller for that
 *
 * @throws UsageError on unknown names and values out of range
 */
export function recipeOptions<const S extends OptionSpec>(own: S): RecipeArguments<S> {
  const args = options({ ...own, ...COMMON }) as RecipeArguments<S>;
  const common = args as ParsedOptions<typeof COMMON>;
  for (const name of ['epochs', 'limit', 'batch', 'patience'] as const) {
    if (!(Number.isInteger(common[name]) && common[name] >= 0))
      throw new UsageError(`--${name}: expected a whole number above 0 (0: as usual), got ${common[name]}`);
  }
  for (const name of ['lr', 'minutes'] as const) {
    if (!(common[name] >= 0)) throw new UsageError(`--${name}: expected a number from 0 on, got ${common[name]}`);
  }
  if (!(Number.isInteger(common.seeds) && common.seeds > 0))
    throw new UsageError(`--seeds: expected a whole number above 0, got ${common.seeds}`);
  if (!Number.isInteger(common.seed)) throw new UsageError(`--seed: expected a whole number, got ${common.seed}`);
  return args;
}
