/** Makes a WAL durable as it is. It carries no locks, so it can be opened and closed at will. */

import { closeSync, fsyncSync, openSync } from 'node:fs'

export function syncWal(walPath: string): void {
  const wal = openSync(walPath, 'r+')
  try {
    fsyncSync(wal)
  } finally {
    closeSync(wal)
  }
}
