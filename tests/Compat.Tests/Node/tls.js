// ioredis and node-redis over TLS, with a client certificate.
const fs = require('fs'), assert = require('assert');
const Redis = require('ioredis'), { createClient } = require('redis');
const { done, port, range } = require('./program');

const [ca, cert, key] = process.argv.slice(3).map(file => fs.readFileSync(file));
const tls = { ca, cert, key, servername: 'localhost', checkServerIdentity: () => undefined };

async function drive(set, get, incr) {
    const value = 'x'.repeat(100000);
    assert.equal(await set('k', value), 'OK');
    assert.equal(await get('k'), value);
    const counts = await Promise.all(range(1000).map(() => incr('n')));
    assert.deepEqual(counts, range(1000).map(i => counts[0] + i));
}

done(async () => {
    const io = new Redis({ port, tls });
    await drive((k, v) => io.set(k, v), k => io.get(k), k => io.incr(k));
    io.disconnect();
    const node = await createClient({ socket: { port, host: '127.0.0.1', tls: true, ...tls } }).connect();
    await drive((k, v) => node.set(k, v), k => node.get(k), k => node.incr(k));
    node.destroy();
});
