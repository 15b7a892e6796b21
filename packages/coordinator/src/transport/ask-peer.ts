/** Short questions to the port on which a member listens for others, without a stream. */

import { get } from 'node:http'
import { readChecksummed } from './checksummed.js'

export interface AskOptions {
  readonly timeoutMs: number
  readonly maxLength: number
}

/**
 * What is answered there; undefined when that is no such answer, or a damaged one. Not by `fetch`, which
 * refuses a list of ports that a member may well listen at.
 * @throws when nobody answers in time, or too much
 */
export function askPeer(
  path: string,
  peerUrl: string,
  { timeoutMs, maxLength }: AskOptions,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const request = get(new URL(path, peerUrl), { agent: false, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > maxLength) request.destroy(new Error('too long an answer'))
      })
      response.once('end', () =>
        resolve(response.statusCode === 200 ? readChecksummed(text) : undefined),
      )
      response.once('error', reject)
    })
    request.once('error', reject)
  })
}
