/** `holdfast status`: the members of the cluster, and how each of them is. */

import type { Command } from 'commander'
import { withClient } from '../client.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { exitCode } from '../exit-code.js'
import { askAllMembers, type MemberReport } from '../member-report.js'
import { table } from '../output.js'

export function addStatus(program: Command, host: CommandHost): void {
  const command = program.command('status')
  teach(command, {
    summary: 'print the members of the cluster and how they are',
    explanation:
      'Asks the endpoints, and every other member of their cluster, for their status. Members that ' +
      'cannot be reached are shown, too. Exits with 69 if none can be reached, or none that can be ' +
      'knows a leader.',
    examples: ['holdfast status', 'holdfast status --json --endpoints http://127.0.0.1:2379'],
  }).action(() => host.run(command, status))
}

async function status(surroundings: Surroundings): Promise<number> {
  const members = await withClient(surroundings, ({ cluster }) => askAllMembers(cluster))
  surroundings.output.result({ json: () => ({ members }), text: () => textOf(members) })
  const led = members.some(({ leader }) => leader !== undefined)
  return led ? exitCode.ok : exitCode.unavailable
}

const HEAD = [
  ...['ENDPOINT', 'NAME', 'ID', 'VERSION', 'LEADER', 'TERM', 'INDEX', 'APPLIED', 'REVISION'],
  ...['DB SIZE', 'LATENCY', 'ERRORS'],
]

function textOf(members: readonly MemberReport[]): string {
  return table(HEAD, members.map(row))
}

function row(member: MemberReport): readonly string[] {
  const { endpoint, name, id, reachable, errors } = member
  const who = [endpoint || '-', name || '-', id || '-']
  if (!reachable) return [...who, ...Array<string>(8).fill('-'), errors.join('; ')]
  return [
    ...who,
    member.version ?? '-',
    leads(member),
    cell(member.raftTerm),
    cell(member.raftIndex),
    cell(member.raftAppliedIndex),
    cell(member.revision),
    `${((member.dbSizeBytes ?? 0) / 1024).toFixed(0)} KiB`,
    `${cell(member.latencyMs)} ms`,
    errors.join('; ') || '-',
  ]
}

function leads({ isLeader, leader }: MemberReport): string {
  if (leader === undefined) return 'none'
  return isLeader === true ? 'yes' : 'no'
}

const cell = (value: number | undefined): string => (value === undefined ? '-' : String(value))
