// ipfsd-ctl drives `webx ipfs` as if it were Kubo, and kubo-rpc-client makes every call it has; then the blocks that the
// gateway gives are hashed.
// Usage: node kubo.mjs WEBX FOLDER
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createNode } from 'ipfsd-ctl'
import { CID, create } from 'kubo-rpc-client'

const [webx, folder] = process.argv.slice(2)
const repo = join(folder, 'repo')
const bin = join(folder, 'ipfs')
writeFileSync(bin, `#!/bin/sh\nexec '${webx}' ipfs "$@"\n`, { mode: 0o755 })

// The token is where Kubo has it.
const rpc = url => {
  const config = JSON.parse(readFileSync(join(repo, 'config'), 'utf8'))
  const token = config.API.Authorizations.owner.AuthSecret.replace('bearer:', '')
  return create({ url, headers: { Authorization: `Bearer ${token}` } })
}
const node = await createNode({ type: 'kubo', bin, repo, test: true, disposable: false, init: true, start: true, rpc })
const ipfs = node.api
const client = ipfs
const all = async source => {
  const found = []
  for await (const one of source) found.push(one)
  return found
}
const bytes = async source => Buffer.concat(await all(source))
const text = async source => (await bytes(source)).toString()
const encode = words => new TextEncoder().encode(words)

let made = 0
let failed = 0
const covered = new Set()
// One check: the calls it makes, and what must be so.
const check = async (calls, what, work) => {
  for (const call of calls.split(' ')) covered.add(call)
  try {
    await work()
    made++
  } catch (error) {
    failed++
    console.error(`FAILED: ${calls}: ${what}\n  ${error.stack ?? error}`)
  }
}
const refused = (calls, words, work) =>
  check(calls, `is refused: ${words}`, () => assert.rejects(async () => work(), new RegExp(words)))
const offline = (calls, work) => refused(calls, 'must be run in online mode', work)

const hello = encode('hello world\n')
const large = new Uint8Array(3_000_000).map((_, at) => Math.imul(at, 2654435761) >>> 13)
let file, tree

await check('add', 'a file has the CID Kubo gives it', async () => {
  file = await ipfs.add(hello)
  assert.equal(String(file.cid), 'QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o')
  assert.equal(file.path, String(file.cid))
  const v1 = await ipfs.add(hello, { cidVersion: 1 })
  assert.equal(String(v1.cid), 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4')
  const wrapped = await ipfs.add({ path: 'a/b.txt', content: hello }, { wrapWithDirectory: true, onlyHash: true })
  assert.equal(wrapped.path, '')
})
await check('addAll', 'a tree, with progress', async () => {
  let said = 0
  const source = [
    { path: 'top/hello.txt', content: hello },
    { path: 'top/sub/large.bin', content: large },
    { path: 'top/empty' }
  ]
  const added = await all(ipfs.addAll(source, { progress: () => said++, pin: true }))
  assert.deepEqual(added.map(one => one.path), ['top/hello.txt', 'top/sub/large.bin', 'top/empty', 'top/sub', 'top'])
  tree = added.at(-1).cid
  assert.ok(said > 3)
})
await check('cat', 'whole, and a part', async () => {
  assert.deepEqual(await bytes(ipfs.cat(`${tree}/sub/large.bin`)), Buffer.from(large))
  assert.equal(await text(ipfs.cat(file.cid, { offset: 6, length: 5 })), 'world')
})
await refused('cat', 'this dag node is a directory', () => all(ipfs.cat(tree)))
await check('get', 'a TAR', async () => {
  const tar = await bytes(ipfs.get(tree))
  assert.equal(tar.subarray(257, 262).toString(), 'ustar')
  const packed = await bytes(ipfs.get(tree, { archive: true, compress: true, compressionLevel: 5 }))
  assert.deepEqual([...packed.subarray(0, 2)], [0x1f, 0x8b])
})
await check('ls', 'names, kinds, sizes', async () => {
  const listed = await all(ipfs.ls(tree))
  assert.deepEqual(listed.map(one => [one.name, one.type, one.size]), [['empty', 'dir', 0], ['hello.txt', 'file', 12], ['sub', 'dir', 0]])
  assert.equal((await all(ipfs.ls(`${tree}/hello.txt`))).length, 1)
})
await check('refs refs.local', 'links, and all that is here', async () => {
  const found = await all(ipfs.refs(tree, { recursive: true, unique: true }))
  assert.ok(found.length >= 5 && found.every(one => one.err === ''))
  assert.ok((await all(ipfs.refs.local())).length > found.length)
})
await check('resolve', 'a path', async () => {
  assert.equal(await ipfs.resolve(`/ipfs/${tree}/hello.txt`), `/ipfs/${file.cid}`)
})

await check('block.put block.get block.stat block.rm', 'a block', async () => {
  const cid = await ipfs.block.put(encode('block'), { format: 'raw', mhtype: 'sha2-256' })
  assert.deepEqual(await ipfs.block.get(cid), encode('block'))
  assert.equal((await ipfs.block.stat(cid)).size, 5)
  assert.equal((await all(ipfs.block.rm(cid)))[0].error, undefined)
  assert.match(String((await all(ipfs.block.rm(file.cid)))[0].error), /pinned/)
})
await check('dag.put dag.get dag.resolve', 'values', async () => {
  const leaf = await ipfs.dag.put({ n: 1 })
  const root = await ipfs.dag.put({ leaf, list: [1, 2] }, { storeCodec: 'dag-cbor', hashAlg: 'sha2-256' })
  assert.deepEqual((await ipfs.dag.get(root, { path: 'leaf/n' })).value, 1)
  assert.equal(String((await ipfs.dag.resolve(root, { path: 'leaf/n' })).cid), String(leaf))
  const json = await ipfs.dag.put({ a: new Uint8Array([1]) }, { storeCodec: 'dag-json' })
  assert.deepEqual((await ipfs.dag.get(json)).value, { a: new Uint8Array([1]) })
})
await check('dag.export dag.import', 'a CAR', async () => {
  const car = await bytes(ipfs.dag.export(tree))
  const [{ root }] = await all(ipfs.dag.import([car]))
  assert.equal(String(root.cid), String(tree))
  assert.equal(root.pinErrorMsg, '')
})
await check('object.patch.addLink object.patch.rmLink', 'links of a folder', async () => {
  const empty = (await all(ipfs.ls(tree)))[0].cid
  const one = await ipfs.object.patch.addLink(empty, { Name: 'a', Hash: file.cid, Tsize: 20 })
  assert.equal(await text(ipfs.cat(`${one}/a`)), 'hello world\n')
  assert.equal(String(await ipfs.object.patch.rmLink(one, { Name: 'a' })), String(empty))
})

await check('pin.add pin.ls pin.rm', 'kept, with a name', async () => {
  const { cid } = await ipfs.add(encode('pinned'), { pin: false })
  assert.equal(String(await ipfs.pin.add(cid, { name: 'mine' })), String(cid))
  const [pin] = await all(ipfs.pin.ls({ paths: cid, names: true }))
  assert.deepEqual([pin.type, pin.name], ['recursive', 'mine'])
  assert.equal((await all(ipfs.pin.ls({ name: 'mine' }))).length, 1)
  assert.equal(String(await ipfs.pin.rm(cid)), String(cid))
  await assert.rejects(all(ipfs.pin.ls({ paths: cid })), /is not pinned/)
  assert.ok((await all(ipfs.pin.ls({ type: 'indirect' }))).length > 0)
})
await check('pin.addAll pin.rmAll pin.update', 'several', async () => {
  const [one, two] = [await ipfs.add(encode('one'), { pin: false }), await ipfs.add(encode('two'), { pin: false })]
  assert.equal((await all(ipfs.pin.addAll([one.cid, { cid: two.cid, recursive: false }]))).length, 2)
  assert.deepEqual((await all(ipfs.pin.ls({ type: 'direct' }))).map(pin => String(pin.cid)), [String(two.cid)])
  assert.equal((await all(ipfs.pin.rmAll([two.cid]))).length, 1)
  assert.deepEqual((await ipfs.pin.update(one.cid, two.cid)).map(String), [String(one.cid), String(two.cid)])
})
const service = { service: 'other' }
await check('pin.remote.service.ls', 'none', async () => assert.deepEqual(await ipfs.pin.remote.service.ls(), []))
await refused('pin.remote.service.add', 'this node alone', () => ipfs.pin.remote.service.add('other', { endpoint: new URL('http://127.0.0.1:1'), key: 'k' }))
await refused('pin.remote.service.rm', 'service not known', () => ipfs.pin.remote.service.rm('other'))
await refused('pin.remote.add', 'service not known', () => ipfs.pin.remote.add(file.cid, service))
await refused('pin.remote.ls', 'service not known', () => all(ipfs.pin.remote.ls(service)))
await refused('pin.remote.rm', 'service not known', () => ipfs.pin.remote.rm(service))
await refused('pin.remote.rmAll', 'service not known', () => ipfs.pin.remote.rmAll(service))

await check('files.mkdir files.write files.read files.ls files.stat', 'named files', async () => {
  await ipfs.files.mkdir('/a/b', { parents: true })
  await ipfs.files.write('/a/b/f', encode('0123456789'), { create: true })
  await ipfs.files.write('/a/b/f', encode('abc'), { offset: 3 })
  assert.equal(await text(ipfs.files.read('/a/b/f')), '012abc6789')
  assert.equal(await text(ipfs.files.read('/a/b/f', { offset: 3, length: 3 })), 'abc')
  const [entry] = await all(ipfs.files.ls('/a/b'))
  assert.deepEqual([entry.name, entry.type, entry.size], ['f', 'file', 10])
  assert.equal((await ipfs.files.stat('/a/b/f')).size, 10)
  assert.equal((await ipfs.files.stat(`/ipfs/${tree}`)).type, 'directory')
})
await check('files.cp files.mv files.rm files.flush', 'moved about', async () => {
  await ipfs.files.cp(`/ipfs/${file.cid}`, '/a/hello')
  await ipfs.files.mv('/a/hello', '/moved')
  assert.equal(String((await ipfs.files.stat('/moved')).cid), String(file.cid))
  await ipfs.files.rm('/a', { recursive: true })
  assert.equal(String(await ipfs.files.flush('/')), String((await ipfs.files.stat('/')).cid))
  await assert.rejects(ipfs.files.stat('/a'), /file does not exist/)
  await assert.rejects(ipfs.files.rm('/'), /cannot delete root/)
})
await refused('files.chmod', '404|not found', () => ipfs.files.chmod?.('/moved', '0644') ?? Promise.reject(new Error('404: this client has no chmod')))

let key
await check('key.gen key.list key.rename', 'keys', async () => {
  key = await ipfs.key.gen('site')
  assert.match(key.id, /^k51/)
  assert.equal((await ipfs.key.rename('site', 'page')).now, 'page')
  assert.deepEqual((await ipfs.key.list()).map(one => one.name), ['self', 'page'])
})
await check('name.publish name.resolve', 'a name', async () => {
  const { name } = await ipfs.name.publish(file.cid, { allowOffline: true, key: 'page', lifetime: '1h', ttl: '1m' })
  assert.equal(name, key.id)
  assert.deepEqual(await all(ipfs.name.resolve(name)), [`/ipfs/${file.cid}`])
  assert.equal(await text(ipfs.cat(`/ipns/${name}`)), 'hello world\n')
})
await refused('name.publish', "can't publish while offline", () => ipfs.name.publish(file.cid, { allowOffline: false }))
await refused('key.import', 'argument "key" is required', () => ipfs.key.import('other', 'pem', 'password'))
await check('key.rm', 'forgotten', async () => assert.equal((await ipfs.key.rm('page')).name, 'page'))
await refused('name.pubsub.cancel', 'not enabled', () => ipfs.name.pubsub.cancel('x'))
await refused('name.pubsub.state', 'not enabled', () => ipfs.name.pubsub.state())
await refused('name.pubsub.subs', 'not enabled', () => ipfs.name.pubsub.subs())

await check('repo.stat repo.version repo.gc stats.repo', 'the store', async () => {
  const before = await ipfs.repo.stat()
  assert.ok(before.numObjects > 5n && before.repoSize > 2_000_000n)
  assert.equal(await ipfs.repo.version(), '16')
  await ipfs.add(encode('nobody needs this'), { pin: false })
  const gone = await all(ipfs.repo.gc())
  assert.ok(gone.length > 0 && gone.every(one => one.err == null && one.cid != null))
  assert.equal(await text(ipfs.cat(file.cid)), 'hello world\n')
  assert.ok((await ipfs.stats.repo()).numObjects <= before.numObjects + 1n)
})
await check('stats.bw stats.bitswap bitswap.stat bitswap.wantlist bitswap.wantlistForPeer', 'no traffic', async () => {
  assert.deepEqual((await all(ipfs.stats.bw()))[0], { totalIn: 0n, totalOut: 0n, rateIn: 0, rateOut: 0 })
  assert.equal((await ipfs.stats.bitswap()).blocksSent, 0n)
  assert.deepEqual((await ipfs.bitswap.stat()).peers, [])
  assert.deepEqual(await ipfs.bitswap.wantlist(), [])
  assert.deepEqual(await ipfs.bitswap.wantlistForPeer((await ipfs.id()).id), [])
})
await check('config.getAll config.get config.set config.replace', 'the configuration', async () => {
  const whole = await ipfs.config.getAll()
  await ipfs.config.set('Some.Key', { a: [1] })
  assert.deepEqual(await ipfs.config.get('Some'), { Key: { a: [1] } })
  await ipfs.config.set('Some.Flag', true)
  assert.equal(await ipfs.config.get('Some.Flag'), true)
  await ipfs.config.replace(whole)
  assert.deepEqual(await ipfs.config.getAll(), whole)
})
await refused('config.profiles.apply', 'is not a profile here', () => ipfs.config.profiles.apply('lowpower'))
const address = '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d'
await check('bootstrap.add bootstrap.list bootstrap.rm bootstrap.clear bootstrap.reset', 'addresses are kept', async () => {
  await ipfs.bootstrap.add(address)
  assert.deepEqual((await ipfs.bootstrap.list()).Peers.map(String), [address])
  assert.deepEqual((await ipfs.bootstrap.rm(address)).Peers.map(String), [address])
  assert.deepEqual((await ipfs.bootstrap.list()).Peers, [])
})
await check('id version isOnline commands getEndpointConfig', 'the node', async () => {
  const id = await ipfs.id()
  assert.equal(String(id.id), (await ipfs.config.get('Identity.PeerID')))
  assert.match((await ipfs.version()).version, /^\d+\.\d+\.\d+/)
  assert.equal(await ipfs.isOnline(), false)
  assert.equal((await ipfs.commands()).Name, 'ipfs')
  assert.equal(ipfs.getEndpointConfig().host, '127.0.0.1')
})
await check('swarm.peers swarm.addrs swarm.localAddrs', 'nobody', async () => {
  assert.deepEqual(await ipfs.swarm.peers(), [])
  assert.deepEqual(await ipfs.swarm.addrs(), [])
  assert.deepEqual(await ipfs.swarm.localAddrs(), [])
})
const peer = address.split('/').at(-1)
await offline('swarm.connect', () => ipfs.swarm.connect(address))
await offline('swarm.disconnect', () => ipfs.swarm.disconnect(address))
await offline('ping', () => all(ipfs.ping(peer)))
await offline('routing.findPeer', () => all(ipfs.routing.findPeer(peer)))
await offline('routing.findProvs', () => all(ipfs.routing.findProvs(file.cid)))
await offline('routing.get', () => all(ipfs.routing.get(`/ipns/${peer}`)))
await offline('routing.put', () => all(ipfs.routing.put(`/ipns/${peer}`, hello)))
await offline('routing.provide', () => all(ipfs.routing.provide(file.cid)))
await offline('dht.query', () => all(ipfs.dht.query(peer)))
await offline('provide.stat', () => ipfs.provide.stat())
await offline('diag.net', () => ipfs.diag.net())
await check('diag.sys diag.cmds', 'said', async () => {
  assert.equal((await ipfs.diag.sys()).net.online, false)
  assert.deepEqual(await ipfs.diag.cmds(), [])
})
await refused('pubsub.ls', 'not enabled', () => ipfs.pubsub.ls())
await refused('pubsub.peers', 'not enabled', () => ipfs.pubsub.peers('topic'))
await refused('pubsub.publish', 'not enabled', () => ipfs.pubsub.publish('topic', hello))
await check('pubsub.subscribe pubsub.unsubscribe', 'is refused', async () => {
  await assert.rejects(ipfs.pubsub.subscribe('topic', () => {}), /not enabled/)
  await ipfs.pubsub.unsubscribe('topic')
})
await check('log.ls', 'none', async () => assert.deepEqual(await ipfs.log.ls(), []))
await refused('log.level', 'not changed', () => ipfs.log.level('all', 'debug'))
await refused('log.tail', 'not changed', () => all(ipfs.log.tail()))
await refused('mount', 'not mounted', () => ipfs.mount())

await check('wrong-token', 'nobody is answered without the token', async () => {
  const stranger = create({ url: readFileSync(join(repo, 'api'), 'utf8'), headers: { Authorization: 'Bearer no' } })
  await assert.rejects(stranger.id(), /Access Denied/)
})

const gateway = readFileSync(join(repo, 'gateway'), 'utf8')
await check('gateway', 'blocks of the gateway have the hash that their CID says', async () => {
  const ask = async (cid, form) => {
    const answer = await fetch(`${gateway}/ipfs/${cid}?format=${form}`)
    assert.equal(answer.status, 200)
    return Buffer.from(await answer.arrayBuffer())
  }
  const queue = [tree]
  for (let cid = queue.pop(); cid != null; cid = queue.pop()) {
    const block = await ask(cid, 'raw')
    assert.deepEqual(createHash('sha256').update(block).digest(), Buffer.from(cid.multihash.digest))
    queue.push(...(await all(ipfs.refs(cid))).map(link => CID.parse(link.ref)))
  }
  assert.equal((await ask(tree, 'tar')).subarray(257, 262).toString(), 'ustar')
})

// Every call that the client has was made.
const calls = (object, path) =>
  Object.entries(object).flatMap(([name, value]) => {
    const here = path === '' ? name : `${path}.${name}`
    const own = typeof value === 'function' ? [here] : []
    const inner = value != null && ['object', 'function'].includes(typeof value) && !['bases', 'codecs', 'hashers'].includes(name)
    return inner ? [...own, ...calls(value, here)] : own
  })
const missing = calls(client, '').filter(call => !covered.has(call) && call !== 'stop')
if (missing.length > 0) {
  failed++
  console.error(`not called: ${missing.join(' ')}`)
}
await ipfs.stop()
await new Promise(resolve => (node.subprocess.exitCode == null ? node.subprocess.once('exit', resolve) : resolve()))
if (node.subprocess.exitCode !== 0) {
  failed++
  console.error(`the daemon ended with ${node.subprocess.exitCode}`)
}
console.log(`${covered.size} calls in ${made} checks; ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
