/** One Redis that fsyncs its log before it answers. Nothing is replicated. */

import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts, MemberProcess } from '@holdfast/testkit'
import { temporaryDirectory, type Contestant, type RunningContestant } from './contestant.js'
import { missingProgram } from './installed.js'

const START_TIMEOUT_MS = 10_000

export const redis: Contestant = {
  id: 'redis',
  name: 'Redis x1',
  hasMetrics: false,
  missing: () => missingProgram('redis-server'),
  start: startRedis,
}

async function startRedis(): Promise<RunningContestant> {
  const directory = temporaryDirectory('redis')
  const [port = 0] = await freePorts(1)
  const endpoint = `redis://127.0.0.1:${port}`
  const server = new MemberProcess({
    name: 'redis',
    clientUrl: endpoint,
    logFile: join(directory, 'redis.log'),
    command: 'redis-server',
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
      ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
    ],
  })
  const close = async (): Promise<void> => {
    await server.kill()
    rmSync(directory, { recursive: true, force: true })
  }
  server.start()
  try {
    await untilItAnswers(port)
  } catch (error) {
    const output = server.output().slice(-2_000)
    await close()
    throw new Error(`redis-server did not start\n${output}`, { cause: error })
  }
  const pids = server.pid === undefined ? [] : [server.pid]
  return { endpoints: [endpoint], pids, close }
}

async function untilItAnswers(port: number): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS
  while (!(await answersPing(port))) {
    if (performance.now() > deadline) throw new Error(`no answer within ${START_TIMEOUT_MS} ms`)
    await delay(20)
  }
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const settle = (answers: boolean): void => {
      socket.destroy()
      resolve(answers)
    }
    socket.setTimeout(1_000, () => settle(false))
    socket.once('data', (data) => settle(data.toString().startsWith('+PONG')))
    socket.once('error', () => settle(false))
  })
}
