/** README.md may not rot: what it shows in TypeScript are parts of programs that are run here. */

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

/** What README.md shows in place of what an example is given. */
const INSTEAD = [
  ["['http://127.0.0.1:2379']", 'cluster.endpoints'],
  ["'./holdfast-data'", 'directory.path'],
] as const

/** The lines that say something, without those that only an example has. */
function essence(code: string): string {
  const plain = INSTEAD.reduce((all, [shown, run]) => all.replaceAll(shown, run), code)
  const lines = plain.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '' && !/localCluster|localDirectory/.test(line)).join('\n')
}

const programs = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => essence(text(name)))
const snippets = [...text('../../README.md').matchAll(/^```ts\n(.*?)^```$/gms)].map(
  ([, code = '']) => code,
)

describe('the snippets of README.md', () => {
  it('are there', () => {
    expect(snippets.length).toBeGreaterThanOrEqual(3)
  })

  it.each(snippets)('are part of a program that is run:\n%s', (snippet) => {
    const wanted = essence(snippet)
    expect(programs.some((program) => program.includes(wanted))).toBe(true)
  })
})
