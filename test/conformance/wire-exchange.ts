/** One request and what came back, made comparable: ids and times of the servers are replaced. */

export interface WireRequest {
  readonly path: string
  readonly body: string
  /** Lines to read of a stream before it is left. */
  readonly lines?: number
}

export interface WireAnswer {
  readonly status: number
  readonly body: unknown
}

/** Sends the body as curl does: as a form, whatever it really is. */
export async function exchange(
  url: string,
  request: WireRequest,
  gone: AbortSignal = AbortSignal.timeout(20_000),
): Promise<WireAnswer> {
  const left = new AbortController()
  const response = await fetch(url + request.path, {
    method: 'POST',
    body: request.body,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    signal: AbortSignal.any([left.signal, gone]),
  })
  if (request.lines === undefined) {
    return { status: response.status, body: normalize(parse(await response.text())) }
  }
  const body = await readLines(response, request.lines)
  left.abort()
  return { status: response.status, body: body.map((line) => normalize(parse(line))) }
}

async function readLines(response: Response, count: number): Promise<readonly string[]> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.split('\n').length > count) break
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .slice(0, count)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Only what differs between any two clusters. Terms differ by the elections that they needed. */
const SERVERS_OWN = new Set(['cluster_id', 'member_id', 'memberID', 'raft_term'])

function normalize(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalize)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      SERVERS_OWN.has(name) ? `<${name}>` : normalize(field),
    ]),
  )
}
