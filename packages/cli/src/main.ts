#!/usr/bin/env node
/**
 * The process around `run`: its streams, its signals, and its end. A failure that nobody caught is a
 * defect; it costs one line and the process, since what it left behind cannot be trusted.
 */

import { EventEmitter } from 'node:events'
import { exitCode } from './exit-code.js'
import { describeFailure } from './failure.js'
import type { Io } from './io.js'
import { run } from './run.js'

const pipes = new EventEmitter()

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  onSignal(signals, listener) {
    const removers = signals.map((signal) => {
      const emitter = signal === 'SIGPIPE' ? pipes : process
      const hear = (): void => listener(signal)
      emitter.on(signal, hear)
      return () => emitter.off(signal, hear)
    })
    return () => removers.forEach((remove) => remove())
  },
}

// Node ignores SIGPIPE and reports the closed pipe on the stream instead.
process.stdout.on('error', () => {
  if (!pipes.emit('SIGPIPE')) process.exit(exitCode.failed)
})
process.stderr.on('error', () => undefined)

process.on('uncaughtException', endBecauseOf)
process.on('unhandledRejection', endBecauseOf)

function endBecauseOf(error: unknown): never {
  const { message } = describeFailure(error)
  const stack = process.env['HOLDFAST_LOG_LEVEL'] === 'debug' && error instanceof Error
  process.stderr.write(`holdfast: ${stack ? (error.stack ?? message) : message}\n`)
  process.exit(exitCode.internal)
}

// What a command waits for may be a signal or a background timer, which keep no process alive.
const alive = setInterval(() => undefined, 2 ** 30)
const status = await run(process.argv.slice(2), io)
clearInterval(alive)
// A pipe's writes are asynchronous on some systems: what was printed leaves before the process does.
await new Promise((resolve) => process.stdout.write('', resolve))
process.exit(status)
