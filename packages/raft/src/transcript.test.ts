/** Runs the scripts in `transcripts/`; what each printed is kept beside it and must not change. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Transcript } from './transcript.test-support.js'

const folder = join(import.meta.dirname, '../transcripts')
const scripts = readdirSync(folder).filter((name) => name.endsWith('.txt'))

test.each(scripts)('%s', async (name) => {
  const printed = new Transcript().run(readFileSync(join(folder, name), 'utf8'))
  await expect(printed).toMatchFileSnapshot(join(folder, name.replace('.txt', '.transcript')))
})
