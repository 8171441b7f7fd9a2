// ioredis, iovalkey and node-redis go on counting while slots move and masters change, until the key "stop" is there: no count is lost.
const { createCluster } = require('redis'), assert = require('assert');

const [name, ...ports] = process.argv.slice(2);

async function connect() {
    if (name !== 'node-redis') {
        const Redis = require(name);
        return new Redis.Cluster(ports.map(port => ({ host: '127.0.0.1', port: Number(port) })), {
            clusterRetryStrategy: () => 50, retryDelayOnFailover: 50, retryDelayOnClusterDown: 50, redisOptions: { maxRetriesPerRequest: null },
        });
    }
    const cluster = createCluster({ rootNodes: ports.map(port => ({ url: `redis://127.0.0.1:${port}` })) });
    cluster.on('error', () => {});
    await cluster.connect();
    return cluster;
}

const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

async function again(what) {
    for (;;) {
        try {
            return await what();
        } catch (refused) {
            await pause(20);
        }
    }
}

async function main() {
    const cluster = await connect();
    const counts = new Map();
    for (let i = 0; i % 50 || await again(() => cluster.get('stop')) === null; i++) {
        const key = `counter:${i % 200}`;
        try {
            await cluster.incr(key);
            counts.set(key, (counts.get(key) || 0) + 1);
        } catch (refused) {
            // Done or not: at least what was acknowledged must be there.
            await pause(20);
        }
    }
    for (const [key, count] of counts) assert.ok(Number(await again(() => cluster.get(key))) >= count, key);
    assert.ok(counts.size === 200);
    console.log('done');
    process.exit(0);
}

main().catch(failure => {
    console.error(failure);
    process.exit(1);
});
