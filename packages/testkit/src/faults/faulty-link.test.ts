import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FaultyLink } from './faulty-link.js'

let server: Server
let link: FaultyLink
let accepted: Socket[]
let heard: string
let client: Socket
let answered: string

beforeEach(async () => {
  ;[accepted, heard, answered] = [[], '', '']
  server = createServer((socket) => {
    accepted.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1')
      socket.write(`<${bytes.toString('latin1')}>`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  link = await FaultyLink.open('here→there', (server.address() as AddressInfo).port)
  client = connect(link.port, '127.0.0.1')
  client.on('error', () => undefined)
  client.on('data', (bytes) => (answered += bytes.toString('latin1')))
  client.write('1')
  await vi.waitFor(() => expect(answered).toBe('<1>'))
})
afterEach(async () => {
  client.destroy()
  await link.close()
  await new Promise((resolve) => server.close(resolve))
})

describe('a link', () => {
  it('that is blocked one way carries the other way, and holds what it does not carry', async () => {
    link.block('back')
    client.write('2')
    await vi.waitFor(() => expect(link.counters('back').heldBytes).toBe(3))
    expect([heard, answered]).toEqual(['12', '<1>'])
    link.unblock('back')
    await vi.waitFor(() => expect(answered).toBe('<1><2>'))
  })

  it('that is blocked tells nobody that a connection has ended, until it is not', async () => {
    const ended = vi.fn()
    accepted[0]!.once('close', ended)
    link.block('forth')
    client.write('2')
    await vi.waitFor(() => expect(link.counters('forth').heldBytes).toBe(1))
    client.destroy()
    // Something that goes the same way, so that the end has had its chance to arrive.
    link.block('back')
    accepted[0]!.write('x')
    await vi.waitFor(() => expect(link.counters('back').heldBytes).toBe(1))
    expect([heard, ended.mock.calls.length]).toEqual(['1', 0])
    link.unblock('back')
    link.unblock('forth')
    await vi.waitFor(() => expect([heard, ended.mock.calls.length]).toEqual(['12', 1]))
  })

  it('that is blocked opens nothing at the other end', async () => {
    link.block('forth')
    const late = connect(link.port, '127.0.0.1')
    late.write('3')
    await vi.waitFor(() => expect(link.counters('forth').heldBytes).toBe(1))
    expect(accepted.length).toBe(1)
    link.unblock('forth')
    await vi.waitFor(() => expect(heard).toBe('13'))
    late.destroy()
  })

  it('that is slow keeps the order', async () => {
    link.delay('forth', 50)
    const before = performance.now()
    client.write('2')
    await vi.waitFor(() => expect(link.counters('forth').delayedBytes).toBe(1))
    link.delay('forth', 0)
    client.write('3')
    await vi.waitFor(() => expect(heard).toBe('123'))
    expect(performance.now() - before).toBeGreaterThanOrEqual(49)
  })

  it('that damages turns one bit', async () => {
    link.damage('forth', 1)
    client.write('2')
    await vi.waitFor(() => expect(heard).toBe('13'))
    client.write('4')
    await vi.waitFor(() => expect(heard).toBe('134'))
    expect(link.counters('forth').damagedChunks).toBe(1)
  })

  it('that is reset breaks its connections at both ends, and carries new ones', async () => {
    const both = [client, accepted[0]!].map(
      (socket) => new Promise((resolve) => socket.once('close', resolve)),
    )
    link.reset()
    await Promise.all(both)
    expect([link.openConnections, link.counters('forth').resetConnections]).toEqual([0, 1])
    client = connect(link.port, '127.0.0.1')
    client.write('2')
    await vi.waitFor(() => expect(heard).toBe('12'))
  })
})
