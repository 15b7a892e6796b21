/** One request and what came back. */

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
    return { status: response.status, body: parse(await response.text()) }
  }
  const body = await readLines(response, request.lines)
  left.abort()
  return { status: response.status, body: body.map(parse) }
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
