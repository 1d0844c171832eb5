// 1,000 random files and folders, made from a seed: ipfs-unixfs-importer and we give them the same CIDs in both profiles.
// Usage: node unixfs.mjs PROGRAM FOLDER [SEED]
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { importer } from 'ipfs-unixfs-importer'

const [program, folder, given] = process.argv.slice(2)
const seed = Number(given ?? Date.now() % 2147483647)
console.log(`seed ${seed}`)
let state = seed
const random = below => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
  return Math.floor((state / 0x80000000) * below)
}
const pick = list => list[random(list.length)]
const content = length => {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = random(256)
  return bytes
}
const edges = [0, 1, 262143, 262144, 262145, 1048575, 1048576, 1048577, 2097153]
const length = () => (random(20) === 0 ? pick(edges) : random(random(2) === 0 ? 100 : 30000))
const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789 _-.äß水😀']
const name = at => `${at}${Array.from({ length: random(random(4) === 0 ? 90 : 12) }, () => pick(letters)).join('')}x`

// A tree as a list of paths; a path without content is an empty folder.
const tree = () => {
  const kind = random(100)
  if (kind < 55) return [{ path: '', content: content(length()) }]
  if (kind < 58) return [{ path: '' }]
  const large = kind >= 99
  const count = large ? 3000 + random(4000) : 1 + random(30)
  return Array.from({ length: count }, (_, at) => {
    const depth = large ? 0 : random(3)
    const above = Array.from({ length: depth }, (_, level) => `d${random(2)}-${level}/`).join('')
    return { path: above + name(at), content: content(large ? random(20) : length() >> 3) }
  })
}

const nowhere = { put: cid => cid, get: () => { throw new Error('nothing is kept') }, has: () => false }
const expected = new Map()
for (let at = 0; at < 1000; at++) {
  const items = at === 0 ? [{ path: '', content: content(174 * 262144 + 1) }] : tree()
  const cids = []
  for (const profile of ['unixfs-v0-2015', 'unixfs-v1-2025']) {
    const source = items.map(item => ({ ...item, path: item.path === '' ? `t${at}` : `t${at}/${item.path}` }))
    let root
    for await (const entry of importer(source, nowhere, { profile, wrapWithDirectory: false })) root = entry
    cids.push(String(root.cid))
  }
  expected.set(`t${at}`, cids.join(' '))
  for (const item of items) {
    const path = join(folder, `t${at}`, item.path)
    if (item.content == null) mkdirSync(path, { recursive: true })
    else {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, item.content)
    }
  }
}
let different = 0
const lines = execFileSync(program, [folder], { maxBuffer: 1 << 26 }).toString().trim().split('\n')
for (const line of lines) {
  const [item, ...cids] = line.split(' ')
  if (expected.get(item) !== cids.join(' ')) {
    different++
    console.error(`${item}: ${cids.join(' ')} instead of ${expected.get(item)}`)
  }
}
console.log(`${lines.length} compared, ${different} different`)
process.exit(lines.length === 1000 && different === 0 ? 0 : 1)
