/** What the programs of this folder are called with. */

import { parseArgs, type ParseArgsConfig } from 'node:util'

/** @throws what `refuse` makes of a flag that there is not, or one without its value */
export function parseFlags<const O extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: O,
  refuse: (message: string, cause: unknown) => Error,
): ReturnType<typeof parseArgs<{ args: string[]; strict: true; options: O }>>['values'] {
  try {
    // What a package manager passes through as `--` is not ours.
    return parseArgs({ args: args.filter((arg) => arg !== '--'), strict: true, options }).values
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause)
  }
}
