import { describe, expect, it } from 'vitest'
import { checkQueue } from './queue-check.js'
import type { DeliveryRecord, PushRecord, QueueHistory } from './queue-record.js'

interface PushOptions {
  readonly priority?: number
  readonly revision?: number
  readonly outcome?: 'failed' | 'unknown'
}

function push(item: string, startMs = 0, endMs = 1, options: PushOptions = {}): PushRecord {
  const { priority, revision, outcome } = options
  return {
    process: 'producer',
    kind: 'push',
    startMs,
    endMs,
    input: { item, ...(priority !== undefined && { priority }) },
    outcome:
      outcome === undefined
        ? { type: 'ok', output: revision === undefined ? {} : { revision } }
        : { type: outcome },
  }
}

function delivery(
  item: string,
  [deliveredMs, endedMs]: readonly [number, number?],
  more: Partial<DeliveryRecord> = {},
): DeliveryRecord {
  return {
    kind: 'delivery',
    process: 'consumer',
    item,
    attempt: 1,
    deliveredMs,
    ...(endedMs !== undefined && { endedMs }),
    ...more,
  }
}

const ok = { acknowledged: 'ok' } as const

function check(history: Partial<QueueHistory>) {
  return checkQueue({ pushes: [], deliveries: [], remaining: [], dead: [], ...history })
}

function kinds(history: Partial<QueueHistory>): readonly string[] {
  return check(history).map(({ kind }) => kind)
}

describe('nothing is lost (catalogue 84)', () => {
  it('as every item is acknowledged, there, or given up', () => {
    const pushes = [push('done'), push('waiting'), push('poison')]
    const deliveries = [delivery('done', [2, 3], ok), delivery('poison', [4, 5])]
    expect(kinds({ pushes, deliveries, remaining: ['waiting'], dead: ['poison'] })).toEqual([])
  })

  it('lost item: it was pushed, and is not there', () => {
    expect(check({ pushes: [push('a')] })).toEqual([
      {
        kind: 'lostItem',
        message: `a is gone, and nobody acknowledged it: ${JSON.stringify(push('a'))}`,
        records: [push('a')],
      },
    ])
  })

  it('lost item: it went with the consumer who had it, and did not acknowledge it', () => {
    const pushes = [push('a')]
    expect(kinds({ pushes, deliveries: [delivery('a', [2])] })).toEqual(['lostItem'])
    const refused = delivery('a', [2, 3], { acknowledged: 'failed' })
    expect(kinds({ pushes, deliveries: [refused] })).toEqual(['lostItem'])
  })

  it('lost item: a push without an answer that was seen, and then no more', () => {
    const pushes = [push('a', 0, 1, { outcome: 'unknown' })]
    expect(kinds({ pushes })).toEqual([])
    expect(kinds({ pushes, remaining: ['a'] })).toEqual([])
    expect(kinds({ pushes, deliveries: [delivery('a', [2, 3])] })).toEqual(['lostItem'])
  })

  it('an acknowledgement without an answer may have ended the item, or not', () => {
    const unknown = delivery('a', [2, 3], { acknowledged: 'unknown' })
    expect(kinds({ pushes: [push('a')], deliveries: [unknown] })).toEqual([])
    expect(kinds({ pushes: [push('a')], deliveries: [unknown], remaining: ['a'] })).toEqual([])
  })
})

describe('nothing is invented', () => {
  it('item from nowhere: delivered, waiting or dead without a push, or with a failed one', () => {
    const seen = [delivery('a', [2, 3], ok)]
    expect(kinds({ deliveries: seen })).toEqual(['itemFromNowhere'])
    expect(kinds({ remaining: ['a'] })).toEqual(['itemFromNowhere'])
    expect(kinds({ dead: ['a'] })).toEqual(['itemFromNowhere'])
    const failed = [push('a', 0, 1, { outcome: 'failed' })]
    expect(kinds({ pushes: failed, deliveries: seen })).toEqual(['itemFromNowhere'])
    expect(kinds({ pushes: failed })).toEqual([])
    expect(kinds({ pushes: [...failed, push('a', 1, 2)], deliveries: seen })).toEqual([])
  })

  it('time travel: delivered before it was pushed', () => {
    const early = [delivery('a', [2, 9], ok)]
    expect(kinds({ pushes: [push('a', 3, 4)], deliveries: early })).toEqual(['deliveredBeforePush'])
    expect(kinds({ pushes: [push('a', 1, 4)], deliveries: early })).toEqual([])
    expect(kinds({ pushes: [push('a', 2, 4)], deliveries: early })).toEqual([])
    const retried = [push('a', 3, 4), push('a', 1, 2, { outcome: 'unknown' })]
    expect(kinds({ pushes: retried, deliveries: early })).toEqual([])
  })

  it('duplicate item: it is there twice at the end', () => {
    const pushes = [push('a')]
    expect(kinds({ pushes, remaining: ['a', 'a'] })).toEqual(['duplicateItem'])
    expect(kinds({ pushes, remaining: ['a'], dead: ['a'] })).toEqual(['duplicateItem'])
  })
})

describe('what is acknowledged is over', () => {
  it('delivered after it was acknowledged', () => {
    const deliveries = [delivery('a', [2, 3], ok), delivery('a', [4, 5], { attempt: 2 })]
    expect(check({ pushes: [push('a')], deliveries })).toMatchObject([
      { kind: 'deliveredAfterAcknowledgement', records: deliveries },
    ])
    const atOnce = [deliveries[0]!, { ...deliveries[1]!, deliveredMs: 3 }]
    expect(kinds({ pushes: [push('a')], deliveries: atOnce })).toEqual([])
    const thrice = [...deliveries, delivery('a', [6, 7], { attempt: 3, ...ok })]
    expect(check({ pushes: [push('a')], deliveries: thrice })).toHaveLength(2)
  })

  it('still there after it was acknowledged, waiting or dead', () => {
    const acknowledged = { pushes: [push('a')], deliveries: [delivery('a', [2, 3], ok)] }
    expect(kinds({ ...acknowledged, remaining: ['a'] })).toEqual(['thereAfterAcknowledgement'])
    expect(kinds({ ...acknowledged, dead: ['a'] })).toEqual(['thereAfterAcknowledgement'])
  })
})

describe('one claim at a time', () => {
  const first = delivery('a', [2, 5])

  it('an item that is given back or whose consumer died comes again, and is counted', () => {
    const again = delivery('a', [5, 6], { attempt: 2, ...ok, process: 'other' })
    expect(kinds({ pushes: [push('a')], deliveries: [again, first] })).toEqual([])
    const died = delivery('a', [2])
    expect(kinds({ pushes: [push('a')], deliveries: [died, again] })).toEqual([])
  })

  it('double claim: two consumers have it at once', () => {
    const again = delivery('a', [4, 6], { attempt: 2, ...ok, process: 'other' })
    expect(check({ pushes: [push('a')], deliveries: [again, first] })).toMatchObject([
      { kind: 'doubleClaim', records: [first, again] },
    ])
  })

  it('double claim: within a longer one', () => {
    const deliveries = [
      delivery('a', [2, 50]),
      delivery('a', [10, 11], { attempt: 2 }),
      delivery('a', [20, 21], { attempt: 3 }),
    ]
    const history = { pushes: [push('a')], deliveries, remaining: ['a'] }
    expect(kinds(history)).toEqual(['doubleClaim', 'doubleClaim'])
  })

  it('attempt not counted: it comes again as the same attempt', () => {
    const history = { pushes: [push('a')], remaining: ['a'] }
    const again = (attempt: number) => delivery('a', [6, 7], { attempt })
    expect(kinds({ ...history, deliveries: [first, again(1)] })).toEqual(['attemptNotCounted'])
    expect(kinds({ ...history, deliveries: [first, again(3)] })).toEqual([])
  })
})

describe('order (catalogue 85)', () => {
  interface Item {
    readonly revision?: number
    readonly priority?: number
    readonly pushed?: number
    readonly asked?: number
    readonly process?: string
    readonly outcome?: 'unknown'
  }

  /** Delivered in this order. */
  function order(...items: readonly Item[]): readonly string[] {
    return kinds({
      pushes: items.map((item, at) => push(`${at}`, item.pushed ?? 0, item.pushed ?? 0, item)),
      deliveries: items.map(({ asked, process = 'consumer' }, at) => ({
        ...delivery(`${at}`, [100 + at, 100 + at], ok),
        process,
        ...(asked !== undefined && { askedMs: asked }),
      })),
    })
  }

  it('is that of the revisions', () => {
    expect(order({ revision: 2 }, { revision: 3 }, { revision: 7 })).toEqual([])
    expect(order({ revision: 2 }, { revision: 2 })).toEqual([])
    expect(order({ revision: 3 }, { revision: 2 })).toEqual(['wrongOrder'])
    expect(order({ revision: 9 }, { revision: 2 }, { revision: 3 })).toEqual([
      'wrongOrder',
      'wrongOrder',
    ])
  })

  it('lets a higher priority go first, though it came later', () => {
    expect(order({ revision: 3, priority: 1 }, { revision: 2 })).toEqual([])
    expect(order({ revision: 3 }, { revision: 2, priority: 1 })).toEqual(['wrongOrder'])
    expect(order({ revision: 3, priority: -1 }, { revision: 2 })).toEqual(['wrongOrder'])
  })

  it('of a higher priority that came later: it must be there when the consumer asks', () => {
    const urgent = { revision: 9, priority: 1, pushed: 50 }
    expect(order({ revision: 2, asked: 51 }, urgent)).toEqual(['wrongOrder'])
    expect(order({ revision: 2, asked: 50 }, urgent)).toEqual([])
    expect(order({ revision: 2 }, urgent)).toEqual([])
    expect(order({ revision: 2, asked: 51 }, { revision: 3, asked: 1 }, urgent)).toEqual([
      'wrongOrder',
    ])
    expect(order({ revision: 2, asked: 51 }, { ...urgent, priority: 0 })).toEqual([])
    expect(order({ revision: 2, asked: 51 }, { ...urgent, outcome: 'unknown' })).toEqual([])
  })

  it('is not known of an item whose revision was not told', () => {
    expect(order({ revision: 3 }, {}, { revision: 4 })).toEqual([])
    expect(order({ revision: 3 }, {}, { revision: 2 })).toEqual(['wrongOrder'])
    expect(order({}, { revision: 2 })).toEqual([])
    expect(order({}, { revision: 3 }, { revision: 2 })).toEqual(['wrongOrder'])
  })

  it('is that of first deliveries, and not judged with several consumers', () => {
    const pushes = [push('a', 0, 1, { revision: 2 }), push('b', 0, 1, { revision: 3 })]
    const again = delivery('a', [7, 8], { attempt: 2, ...ok })
    const deliveries = [delivery('a', [2, 3]), delivery('b', [4, 5], ok), again]
    expect(kinds({ pushes, deliveries })).toEqual([])
    const [a, b] = [delivery('a', [2, 3], ok), delivery('b', [4, 5], ok)]
    expect(kinds({ pushes, deliveries: [b, a] })).toEqual([])
    expect(order({ revision: 3, process: 'other' }, { revision: 2 })).toEqual([])
  })
})
