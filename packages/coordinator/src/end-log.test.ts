import { expect, it } from 'vitest'
import { logEnd } from './end-log.js'
import { MemberRemovedError } from './member-removed-error.js'

/** The lines, with their levels. */
function linesOf(error: Error): readonly (readonly [level: string, ...line: readonly unknown[]])[] {
  const lines: [string, ...unknown[]][] = []
  const level = (name: string) => {
    return (...line: readonly unknown[]) => void lines.push([name, ...line])
  }
  logEnd({ info: level('info'), fatal: level('fatal') }, error)
  return lines
}

it('a member that was removed stops with one line, and no stack trace', () => {
  expect(linesOf(new MemberRemovedError('a'))).toEqual([
    ['info', expect.stringMatching(/^stopping: a was removed from the cluster/)],
  ])
})

it('a member that doubts its state says all that it knows', () => {
  const err = new Error('terms fall')
  expect(linesOf(err)).toEqual([
    ['fatal', { err }, 'stopping: this member can no longer be trusted'],
  ])
})
