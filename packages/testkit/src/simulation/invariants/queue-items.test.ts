import { describe, expect, it } from 'vitest'
import { QueueItems } from './queue-items.js'

describe('an item of which an acknowledgement', () => {
  const pushed = (): QueueItems => {
    const items = new QueueItems()
    items.pushing('one')
    items.pushed('one')
    items.acking('one')
    return items
  }

  it('may have been carried out need not be there', () => {
    expect(() => pushed().checkContent([])).not.toThrow()
  })

  it('certainly failed must be there', () => {
    const items = pushed()
    items.notAcked('one')
    expect(() => items.checkContent([])).toThrow('item one is lost')
  })

  it('certainly failed, and another may have been carried out, need not be there', () => {
    const items = pushed()
    items.acking('one')
    items.notAcked('one')
    expect(() => items.checkContent([])).not.toThrow()
  })
})

describe('an item that was acknowledged', () => {
  const acked = (): QueueItems => {
    const items = new QueueItems()
    items.pushing('one')
    items.pushed('one')
    items.acking('one')
    items.acked('one')
    return items
  }

  it('is not delivered again', () => {
    expect(() => acked().delivered('one')).toThrow('delivered after it was acknowledged')
  })

  it('may come to whom it was given before its machine slept', () => {
    expect(() => acked().delivered('one', true)).not.toThrow()
  })
})
