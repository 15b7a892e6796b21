/** Spellings that later versions of etcd take, as 3.4 takes them. */

const STRING = /"(?:[^"\\]|\\.)*"/g
const BYTES = /("(?:key|value|range_end|rangeEnd|name)"\s*:\s*)"((?:[^"\\]|\\.)*)"/g

/** In an integer in quotes, or in the name of an enumeration. */
export function withoutEscapes(body: string): string {
  return body.replace(STRING, plainToken)
}

export function inStandardBase64(body: string): string {
  return body.replace(BYTES, (_, name: string, text: string) => `${name}"${standardBase64(text)}"`)
}

function plainToken(token: string): string {
  try {
    const text: unknown = JSON.parse(token)
    const plain = `"${String(text)}"`
    return JSON.stringify(text) === plain ? plain : token
  } catch {
    return token
  }
}

/** What is not base64 either way stays what it is, but for the alphabet. */
function standardBase64(text: string): string {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/')
  if (!/^(?:[A-Za-z0-9+/]|\\[rn])*$/.test(standard)) return standard
  const { length } = standard.replace(/\\[rn]/g, '')
  return length % 4 < 2 ? standard : standard + '='.repeat(4 - (length % 4))
}
