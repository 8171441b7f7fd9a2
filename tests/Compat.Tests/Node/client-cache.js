// node-redis's client-side cache: hits, invalidations by every kind of change, and a reconnect that empties it.
const { createClient, BasicClientSideCache } = require('redis'), assert = require('assert');
const { done, port, until } = require('./program');

done(async () => {
    const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU', recordStats: true });
    const reader = await createClient({ socket: { port }, RESP: 3, clientSideCache: cache }).connect();
    reader.on('error', () => { });
    const writer = await createClient({ socket: { port } }).connect();
    const told = [];
    cache.on('invalidate', key => told.push(key === null ? null : String(key)));
    const misses = () => cache.stats().missCount;

    async function expect(key, value) {
        assert.equal(await reader.get(key), value);
        const before = misses();
        assert.equal(await reader.get(key), value);
        assert.equal(misses(), before, 'the second reading asked the server');
    }

    async function change(key, how) {
        const before = told.length;
        await how();
        await until(() => told.slice(before).some(name => name === key || name === null));
    }

    await writer.set('k', '1');
    await expect('k', '1');
    await change('k', () => writer.set('k', '2'));
    await expect('k', '2');
    await change('k', () => writer.multi().append('k', '3').exec());
    await expect('k', '23');
    await change('k', () => writer.pExpire('k', 1));
    await until(async () => await reader.get('k') === null);
    await writer.set('k', 'back');
    await until(async () => await reader.get('k') === 'back');
    await change('k', () => writer.rename('k', 'other'));
    await expect('k', null);
    await expect('other', 'back');
    await change('other', () => writer.flushAll());
    await expect('other', null);

    // A connection that breaks may have missed something: what is cached counts no more.
    await writer.set('k', 'before');
    await expect('k', 'before');
    const reconnected = new Promise(resolve => reader.once('ready', resolve));
    const id = (await reader.sendCommand(['CLIENT', 'ID'])).toString();
    await writer.sendCommand(['CLIENT', 'KILL', 'ID', id]);
    await writer.set('k', 'after');
    await reconnected;
    await expect('k', 'after');
    reader.destroy();
    writer.destroy();
});
