/**
 * A file or a directory of the model disk: what is durable of it, and the changes since.
 *
 * An fsync makes exactly those changes durable that had ended when it began.
 */

export const SECTOR_BYTES = 512

export interface Change {
  /** Whether its call has returned. */
  isDone: boolean
}

export interface Written extends Change {
  readonly type: 'write'
  readonly at: number
  readonly bytes: Buffer
}

export interface Resized extends Change {
  readonly type: 'resize'
  readonly size: number
}

export class ModelFile {
  readonly kind = 'file'
  durable = Buffer.alloc(0)
  pending: (Written | Resized)[] = []

  sync(changes: readonly Change[]): void {
    for (const change of this.pending) {
      if (changes.includes(change)) this.durable = applied(this.durable, change)
    }
    this.pending = this.pending.filter((change) => !changes.includes(change))
  }
}

export function applied(
  content: Buffer<ArrayBuffer>,
  change: Written | Resized,
): Buffer<ArrayBuffer> {
  if (change.type === 'resize') return resized(content, change.size)
  const end = change.at + change.bytes.length
  const target = end > content.length ? resized(content, end) : content
  change.bytes.copy(target, change.at)
  return target
}

function resized(content: Buffer<ArrayBuffer>, size: number): Buffer<ArrayBuffer> {
  if (size <= content.length) return Buffer.from(content.subarray(0, size))
  return Buffer.concat([content, Buffer.alloc(size - content.length)])
}

export type ModelNode = ModelFile | ModelDirectory

/** One call: the names that go and the one that comes, both or neither. */
export interface Renamed extends Change {
  readonly removed: readonly string[]
  readonly added?: readonly [name: string, node: ModelNode]
}

export class ModelDirectory {
  readonly kind = 'directory'
  /** As running programs see it. */
  readonly entries = new Map<string, ModelNode>()
  durable = new Map<string, ModelNode>()
  pending: Renamed[] = []

  change(renamed: Renamed): void {
    changeNames(this.entries, renamed)
    this.pending.push(renamed)
  }

  sync(changes: readonly Change[]): void {
    for (const change of this.pending) {
      if (changes.includes(change)) changeNames(this.durable, change)
    }
    this.pending = this.pending.filter((change) => !changes.includes(change))
  }
}

export function changeNames(
  names: Map<string, ModelNode>,
  { removed, added }: Omit<Renamed, 'isDone'>,
): void {
  for (const name of removed) names.delete(name)
  if (added !== undefined) names.set(...added)
}
