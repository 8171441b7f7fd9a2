// The commands made for caching, by a client that knows nothing of them: ioredis or node-redis, at one server or at the nodes of a cluster.
const { createClient, createCluster } = require('redis'), Redis = require('ioredis'), assert = require('assert');

const [name, kind, ...ports] = process.argv.slice(2);

/** Answers a function that sends a command whose first argument is its key, or that has none. */
async function connect() {
    if (name === 'ioredis') {
        const redis = kind === 'cluster'
            ? new Redis.Cluster(ports.map(port => ({ host: '127.0.0.1', port: Number(port) })))
            : new Redis({ port: Number(ports[0]) });
        return (command, ...args) => redis.call(command, ...args);
    }
    if (kind === 'cluster') {
        const cluster = createCluster({ rootNodes: ports.map(port => ({ url: `redis://127.0.0.1:${port}` })) });
        await cluster.connect();
        return (command, ...args) => cluster.sendCommand(command === 'CACHE.PURGE' ? undefined : args[0], false, [command, ...args.map(String)]);
    }
    const client = createClient({ socket: { port: Number(ports[0]) } });
    await client.connect();
    return (command, ...args) => client.sendCommand([command, ...args.map(String)]);
}

async function main() {
    const call = await connect();
    const keys = Array.from({ length: 60 }, (_, i) => `${name}:${i}`), tag = `tag:${name}`;
    for (const key of keys) {
        const [nothing, miss, token, ms] = await call('CACHE.GET', key, 'LEASE', 10000);
        assert.deepEqual([nothing, miss, Number(ms)], [null, 'MISS', 10000]);
        const version = Number(await call('CACHE.SET', key, 'value', 'EX', 600, 'STALE', 600, 'LEASE', token, 'TAGS', 1, tag));
        assert.ok(version > 1e15 && Number.isSafeInteger(version));
        const [value, state, , , same] = await call('CACHE.GET', key);
        assert.deepEqual([value, state, Number(same)], ['value', 'FRESH', version]);
        assert.equal(await call('CACHE.SET', key, 'late', 'LEASE', token), null);
        assert.equal(Number(await call('CACHE.TAG', key, 'more')), 1);
        assert.equal(Number(await call('CACHE.STALE', key)), 1);
        assert.equal((await call('CACHE.GET', key))[1], 'STALE');
        assert.equal(await call('GET', key), 'value');
        assert.ok((await call('CACHE.INFO', key)).includes('stale-window'));
    }
    await call('CACHE.PURGE', 'TAG', tag);
    // The other nodes hear of it over the bus.
    for (const key of keys) while (await call('GET', key) !== null) await new Promise(resolve => setTimeout(resolve, 5));
    await assert.rejects(async () => call('CACHE.SET', keys[0], 'value', 'NOSUCH'), /syntax error/);
    console.log('done');
    process.exit(0);
}

main().catch(failure => {
    console.error(failure);
    process.exit(1);
});
