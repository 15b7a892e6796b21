import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'

let fixture: Bench
beforeEach(() => {
  fixture = bench({ label: 'node-7' })
})

describe('campaign', () => {
  test('proclaims what it was given, and otherwise who is speaking', async () => {
    const election = fixture.client().election('e')
    const given = await election.campaign('')
    expect((await election.leader())?.value).toBe('')
    await given.resign()
    await election.campaign(undefined, { timeoutMs: 1_000 })
    expect((await election.leader())?.entry.json()).toMatchObject({
      label: 'node-7',
      pid: process.pid,
      since: new Date(fixture.clock.now().wallMs).toISOString(),
    })
  })
})
