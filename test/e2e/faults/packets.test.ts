/**
 * Partitions of packets between members on hosts of their own (catalogue 51, 52): what TCP makes of them
 * no proxy can show. It runs as a program, since a network of its own is one of a process.
 */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { canMakeNetworks } from '@holdfast/testkit'
import { describe, expect, it } from 'vitest'

const PROGRAM = new URL('../../dist/e2e/faults/main.js', import.meta.url).pathname
const CELLS = 2

describe.skipIf(!canMakeNetworks())('members on hosts of their own', () => {
  it('keep what they promise while packets are lost, both ways and one way', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...[PROGRAM, '--network', 'packets', '--faults', 'partition'],
      ...['--cells', String(CELLS), '--cell-seconds', '8', '--seed', '5'],
    ])
    expect(stdout).toContain(`${CELLS} cells, ${CELLS} of them counted`)
    expect(stdout).toMatch(/\n0 violations\n/)
  }, 240_000)
})
