/** `holdfast txn`: compares and then does one of two lists of operations, in one revision. */

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { withClient } from '../client.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { jsonDelete, jsonPut, jsonRange, textDelete, textPut, textRange } from '../entry-output.js'
import { exitCode } from '../exit-code.js'
import { readAll } from '../io.js'
import { parseTxnJson } from '../txn-json.js'
import { toTxn, type OpResult, type PlannedOp, type TxnPlan } from '../txn-plan.js'
import { parseTxnText } from '../txn-text.js'
import { UsageError } from '../usage-error.js'

interface Flags {
  readonly jsonInput?: boolean
}

export function addTxn(program: Command, host: CommandHost): void {
  const command = program.command('txn [file]')
  teach(command, {
    summary: 'compare, then write and read, in one revision',
    explanation:
      'Runs a transaction from FILE or standard input: comparisons, operations if all of them hold, ' +
      'operations otherwise, each on a line, the three parts divided by blank lines. Compared are ' +
      'version, create, mod, value and lease with =, !=, < and >; operations are get, put and del ' +
      'with their options. Exits with 3 when the comparisons did not hold. With --json-input the ' +
      'transaction is a JSON object with the lists compare, success and failure.',
    examples: [
      String.raw`printf 'create("jobs/7") = "0"\n\nput jobs/7 mine\n\nget jobs/7\n' | holdfast txn`,
      `echo '{"success":[{"put":{"key":"a","value":{"base64":"/w=="}}}]}' | holdfast txn --json-input`,
    ],
  })
    .option('--json-input', 'the transaction is JSON')
    .action((file: string | undefined, flags: Flags) =>
      host.run(command, (surroundings) => txn(file, flags, surroundings)),
    )
}

async function txn(
  file: string | undefined,
  flags: Flags,
  surroundings: Surroundings,
): Promise<number> {
  const input = await inputOf(file, surroundings)
  const plan = flags.jsonInput === true ? parseTxnJson(input) : parseTxnText(input)
  const result = await withClient(surroundings, (client) => client.txn(toTxn(plan)))
  const { succeeded, revision } = result
  // The operations of this plan have no other results.
  const results = result.results as readonly OpResult[]
  const pairs = pair(plan, succeeded, results)
  surroundings.output.result({
    json: () => ({ succeeded, revision, results: pairs.map(jsonOf) }),
    text: () => [succeeded ? 'SUCCESS' : 'FAILURE', ...pairs.map(textOf)].join('\n\n'),
  })
  return succeeded ? exitCode.ok : exitCode.negative
}

async function inputOf(file: string | undefined, { io }: Surroundings): Promise<string> {
  if (file === undefined || file === '-') return (await readAll(io.stdin)).toString()
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`${file} cannot be read: ${reason}`, { cause })
  }
}

interface Pair {
  readonly op: PlannedOp
  readonly result: OpResult
}

function pair(plan: TxnPlan, succeeded: boolean, results: readonly OpResult[]): readonly Pair[] {
  const ops = succeeded ? plan.success : plan.failure
  return ops.flatMap((op, index) => {
    const result = results[index]
    return result === undefined ? [] : [{ op, result }]
  })
}

function jsonOf({ op: { type }, result }: Pair): object {
  if ('entries' in result) return { type, ...jsonRange(result) }
  return { type, ...('deleted' in result ? jsonDelete(result) : jsonPut(result)) }
}

function textOf({ op, result }: Pair): string {
  if ('entries' in result) return textRange(result, op.type === 'get' ? op.flags : {})
  return 'deleted' in result ? textDelete(result) : textPut(result)
}
